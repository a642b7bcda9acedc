// The channel of element e, counted from the start of a row of channels.
fn channel_of(e: u32) -> u32 {
    let row = divide(e, params.by_inner);
    return row - divide(row, params.by_channels) * params.channels;
}

// The channel of element e of the dispatch, if inner is 1.
fn consecutive(e: u32) -> u32 {
    let first = params.first_in_row + e;
    return first - divide(first, params.by_channels) * params.channels;
}
