// A vector of eight elements. It comes as two fours, the elements of even and of odd index, because these are the halves of
// its u32 or u64.

struct Eight {
    first: vec4<u32>,
    second: vec4<u32>,
}
#if passes

// The elements that results are, where these are not 0.
var<private> loaded: vec4<u32>;
#endif
