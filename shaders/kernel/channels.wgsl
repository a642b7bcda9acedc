// The channels of the four elements of quad i: element e is of channel e / inner % channels.

fn channel_of(e: u32) -> u32 {
    let row = divide(e, operation.by_inner);
    return row - divide(row, operation.by_channels) * operation.channels;
}

// Whether the four elements of every quad are of one channel.
fn by_quads() -> bool {
    return (operation.inner | operation.phase) % 4u == 0u;
}

fn channels_of(i: u32) -> vec4<u32> {
    let first = operation.phase + 4u * i;
    // One division serves all four where it can.
    if (by_quads()) {
        return vec4<u32>(channel_of(first));
    }
    if (operation.inner == 1u && operation.channels >= 4u) {
        let channel = vec4<u32>(channel_of(first)) + vec4<u32>(0u, 1u, 2u, 3u);
        let channels = vec4<u32>(operation.channels);
        return select(channel, channel - channels, channel >= channels);
    }
    return vec4<u32>(channel_of(first), channel_of(first + 1u), channel_of(first + 2u), channel_of(first + 3u));
}
