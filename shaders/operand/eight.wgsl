// A vector of eight elements. It comes as two fours, the elements of even and of odd index, because these are the halves of
// its u32 or u64.

struct Eight {
    first: vec4<u32>,
    second: vec4<u32>,
}
