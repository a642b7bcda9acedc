// Element e of a dispatch, counted from the start of a row of channels, is of channel e / inner % channels.
fn channel_of(e: u32) -> u32 {
    let row = divide(e, operation.by_inner);
    return row - divide(row, operation.by_channels) * operation.channels;
}

// The same where inner is 1, of element e of the dispatch itself.
fn consecutive(e: u32) -> u32 {
    let first = operation.phase + e;
    return first - divide(first, operation.by_channels) * operation.channels;
}
