// Element e of a dispatch, counted from the start of a row of channels, is of channel e / inner % channels.
fn channel_of(e: u32) -> u32 {
    let row = divide(e, operation.by_inner);
    return row - divide(row, operation.by_channels) * operation.channels;
}
