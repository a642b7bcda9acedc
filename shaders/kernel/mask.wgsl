// A mask has one bit per element, which says which of its two values the derivative has. If the gradient of a NaN is
// NaN, a second u32 has a bit per NaN.

#if nan_bits
const MASK_BITS = 2u;
#else
const MASK_BITS = 1u;
#endif

// The higher of the two values.
const UPPER_VALUE = HIGH;
