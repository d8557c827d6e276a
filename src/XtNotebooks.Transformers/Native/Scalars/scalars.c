/* Stands before TorchSharp's bridge and keeps the numbers of tensor operations in a place of their own.
 *
 * An operation with a number ("x + 1") makes a managed Scalar that owns 32 native bytes. Two things go wrong with them in TorchSharp 0.107:
 * - It hands their address to libtorch and lets go of the Scalar, so that a garbage collection on another thread may free the bytes while the
 *   operation still reads them: it then fails ("Expected false to be true"), or computes with another number. Here a place that was given
 *   back is used again only after thousands of others.
 * - Thousands wait to be collected, strewn over the heap between activations and gradients that come and go, which then cannot be joined:
 *   the process grows by hundreds of megabytes. Here they lie together.
 *
 * Needs nothing but the bridge. ScalarGuardTests holds the tests; `build` beside this file makes the library. */
typedef struct { _Alignas(16) unsigned char bytes[32]; } scalar; /* c10::Scalar: a tag and sixteen bytes for the value, no pointers in it */
typedef unsigned int uint;
typedef unsigned char byte;

#define PLACES (1u << 18)
/* So many free places are left alone: one just given back must not be used again at once. With all places used, the heap serves. */
#define RESERVE (1u << 14)

/* The bridge's own functions, in this order; whoever loads this library sets them. */
enum { DISPOSE, INT8, UINT8, INT16, INT32, INT64, FLOAT32, FLOAT64, FLOAT16, BFLOAT16, BOOL, COMPLEX32, COMPLEX64, COUNT };
void *xt_bridge[COUNT];

static scalar places[PLACES];
static uint queue[PLACES];             /* places given back, the longest free first */
static uint fresh, head, queued;       /* places used so far; the queue's first; its length */
static scalar *waiting[PLACES];        /* the heap's scalars, which are freed late */
static uint oldest;
static byte taken;

static void lock(void)
{
    while (__atomic_test_and_set(&taken, __ATOMIC_ACQUIRE))
        __builtin_ia32_pause();
}

static void unlock(void) { __atomic_clear(&taken, __ATOMIC_RELEASE); }

static void dispose(scalar *made) { ((void (*)(scalar *))xt_bridge[DISPOSE])(made); }

/* Takes over what the bridge has just made. */
static scalar *keep(scalar *made)
{
    scalar *place = 0;
    if (!made)
        return made;
    lock();
    if (queued > RESERVE) {
        place = &places[queue[head]];
        head = (head + 1) & (PLACES - 1);
        queued--;
    } else if (fresh < PLACES)
        place = &places[fresh++];
    unlock();
    if (!place)
        return made;
    *place = *made;
    dispose(made);
    return place;
}

void THSTorch_dispose_scalar(scalar *given)
{
    scalar *late = 0;
    lock();
    if (given >= places && given < places + PLACES) {
        queue[(head + queued) & (PLACES - 1)] = (uint)(given - places);
        queued++;
    } else {
        late = waiting[oldest];
        waiting[oldest] = given;
        oldest = (oldest + 1) & (PLACES - 1);
    }
    unlock();
    if (late)
        dispose(late);
}

#define MAKE(name, which, type) \
    scalar *THSTorch_##name##_to_scalar(type value) { return keep(((scalar *(*)(type))xt_bridge[which])(value)); }
#define MAKE_COMPLEX(name, which, type) \
    scalar *THSTorch_##name##_to_scalar(type real, type imaginary) \
    { return keep(((scalar *(*)(type, type))xt_bridge[which])(real, imaginary)); }

MAKE(int8, INT8, signed char)
MAKE(uint8, UINT8, byte)
MAKE(int16, INT16, short)
MAKE(int32, INT32, int)
MAKE(int64, INT64, long)
MAKE(float32, FLOAT32, float)
MAKE(float64, FLOAT64, double)
MAKE(float16, FLOAT16, float)
MAKE(bfloat16, BFLOAT16, float)
MAKE(bool, BOOL, _Bool)
MAKE_COMPLEX(complex32, COMPLEX32, float)
MAKE_COMPLEX(complex64, COMPLEX64, double)
