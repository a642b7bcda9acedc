// Element e of a dispatch, counted from the start of a row of channels, is of channel e / inner % channels.
fn channel_of(e: u32) -> u32 {
    let row = divide(e, params.by_inner);
    return row - divide(row, params.by_channels) * params.channels;
}

// The same where inner is 1, of element e of the dispatch itself.
fn consecutive(e: u32) -> u32 {
    let first = params.first_in_row + e;
    return first - divide(first, params.by_channels) * params.channels;
}
