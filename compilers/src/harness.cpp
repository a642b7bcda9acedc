// Runs the probes on quads that come through standard input. Each answer follows its request.
//
// The activations' namespaces stand before this, and after them the table of their probes.

#include <cstdio>
#include <vector>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif
#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#endif

// -ffast-math has subnormal numbers flushed from the start of a process; here the caller decides.
static void set_flushing(bool flushes) {
#if defined(__x86_64__)
    const unsigned flush_results = 0x8000, flush_operands = 0x40;
    const unsigned both = flush_results | flush_operands;
    _mm_setcsr(flushes ? _mm_getcsr() | both : _mm_getcsr() & ~both);
#elif defined(__aarch64__)
    const uint64_t flush = 1 << 24;
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    control = flushes ? control | flush : control & ~flush;
    __asm__ volatile("msr fpcr, %0" : : "r"(control));
#else
#error "unknown processor: how subnormal numbers are flushed is missing here"
#endif
}

struct Request {
    uint32_t probe;
    uint32_t quads;
    float parameters[4];
};

template <class T> static bool receive(T *data, size_t count) {
    return fread(data, sizeof(T), count, stdin) == count;
}

int main(int count, char **arguments) {
    set_flushing(count > 1 && arguments[1][0] == '1');
#if defined(_WIN32)
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
#endif
    Request request;
    std::vector<metal::uint4> x, dy, result;
    while (receive(&request, 1)) {
        x.resize(request.quads);
        dy.resize(request.quads);
        result.resize(request.quads);
        if (!receive(x.data(), x.size()) || !receive(dy.data(), dy.size())) {
            return 1;
        }
        metal::float4 parameters;
        memcpy(&parameters, request.parameters, sizeof parameters);
        PROBES[request.probe](x.data(), dy.data(), parameters, result.data(), result.size());
        fwrite(result.data(), sizeof(metal::uint4), result.size(), stdout);
        if (fflush(stdout) != 0) {
            return 1;
        }
    }
}
