/* The lecture's algorithm by hand: ReLU, softmax, cross-entropy, one sample at a time (L3 to L20).
 *
 * cc -Ofast -march=native -fPIC -c one_at_a_time.c
 * cc -shared one_at_a_time.o -o one_at_a_time.so -lm
 *
 * A row of X and of W is `row` numbers long, (1, x) or a bias and its weights, and then zeros, so
 * that each begins on a boundary of 64 bytes and no loop has a rest; likewise V's rows of `wide`.
 * Y is (n, m). Both weights are changed in place, at each sample in `order` in turn. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNED(p) __builtin_assume_aligned(p, 64)
#define MULTIPLE(n) ((n) / 16 * 16) /* as it is; the compiler now knows */

void one_at_a_time(int row, int wide, int q, int m, long steps, const int *order, const float *X,
                   const float *Y, const float *eta, float *W, float *V) {
    const int S = MULTIPLE(row), R = MULTIPLE(wide);
    float *restrict z = ALIGNED(aligned_alloc(64, R * sizeof *z));
    float *restrict delta1 = ALIGNED(aligned_alloc(64, R * sizeof *delta1));
    float *restrict a = malloc(m * sizeof *a);
    memset(z, 0, R * sizeof *z);
    z[0] = 1;
    for (long t = 0; t < steps; t++) {
        const float *restrict x = ALIGNED(X + (long)order[t] * S), *y = Y + (long)order[t] * m;
        for (int j = 0; j < q; j++) { /* z = (1, f(Wx)) */
            const float *restrict w = ALIGNED(W + (long)j * S);
            float u = 0;
            for (int i = 0; i < S; i++) u += w[i] * x[i];
            z[j + 1] = u > 0 ? u : 0;
        }
        float top = -INFINITY, sum = 0;
        for (int k = 0; k < m; k++) { /* a = Vz */
            const float *restrict v = ALIGNED(V + (long)k * R);
            float s = 0;
            for (int j = 0; j < R; j++) s += v[j] * z[j];
            a[k] = s;
            top = s > top ? s : top;
        }
        for (int k = 0; k < m; k++) sum += a[k] = expf(a[k] - top);
        memset(delta1, 0, R * sizeof *delta1);
        for (int k = 0; k < m; k++) { /* delta1 = V~^T delta2, before V changes */
            float *restrict v = ALIGNED(V + (long)k * R);
            float delta2 = a[k] / sum - y[k], step = eta[t] * delta2; /* delta2 = g - y */
            for (int j = 0; j < R; j++) {
                delta1[j] += v[j] * delta2;
                v[j] -= step * z[j];
            }
        }
        for (int j = 0; j < q; j++) { /* delta1 takes its f'(u), 1 or 0 */
#ifdef SKIPPING
            if (z[j + 1] == 0) continue;
#endif
            float *restrict w = ALIGNED(W + (long)j * S);
            float step = z[j + 1] > 0 ? eta[t] * delta1[j + 1] : 0;
            for (int i = 0; i < S; i++) w[i] -= step * x[i];
        }
    }
    free(z), free(a), free(delta1);
}
