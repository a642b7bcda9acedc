// The channels of the four elements of quad i: element e is of channel e / inner % channels.

fn channels_of(i: u32) -> vec4<u32> {
    let first = operation.phase + 4u * i;
    let channels = operation.channels;
    // Divisions are slow: one serves all four where it can.
    if ((operation.inner | operation.phase) % 4u == 0u) {
        return vec4<u32>(first / operation.inner % channels);
    }
    if (operation.inner == 1u && channels >= 4u) {
        let channel = vec4<u32>(first % channels) + vec4<u32>(0u, 1u, 2u, 3u);
        return select(channel, channel - channels, channel >= vec4<u32>(channels));
    }
    return (vec4<u32>(first) + vec4<u32>(0u, 1u, 2u, 3u)) / operation.inner % channels;
}
