/* Stands before TorchSharp's bridge and gives numbers back late.
 *
 * A tensor operation with a number ("x + 1") makes a managed Scalar that owns a few native bytes. TorchSharp 0.107 hands their address to
 * libtorch and lets go of the Scalar, so that a garbage collection on another thread may free the bytes while the operation still reads
 * them: it then fails ("Expected false to be true"), or computes with another number. Here a freed scalar first waits until many more were freed.
 *
 * Needs nothing but the bridge. ScalarGuardTests tells how it is built. */
#define PLACES (1ul << 18)

typedef void (*dispose)(void *);

/* The bridge's own function; whoever loads this library sets it. */
dispose xt_dispose_scalar;

static void *waiting[PLACES];
static unsigned long next;

void THSTorch_dispose_scalar(void *scalar)
{
    unsigned long place = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED) & (PLACES - 1);
    void *oldest = __atomic_exchange_n(&waiting[place], scalar, __ATOMIC_ACQ_REL);
    if (oldest)
        xt_dispose_scalar(oldest);
}
