/* The lecture's algorithm by hand: ReLU, softmax, cross-entropy, one sample at a time (L3 to L20).
 *
 * cc -Ofast -march=native -fPIC -c one_at_a_time.c
 * cc -shared one_at_a_time.o -o one_at_a_time.so -lm
 *
 * W is (q, d+1), V is (m, q+1), with the biases in column 0; X is (n, d), Y is (n, m). All rows lie
 * one after the other. Both weights are changed in place, at each sample in `order` in turn. */
#include <math.h>
#include <stdlib.h>

void one_at_a_time(int d, int q, int m, long steps, const int *order, const float *X,
                   const float *Y, const float *eta, float *restrict W, float *restrict V) {
    float *restrict z = malloc((q + 1) * sizeof *z);
    float *restrict a = malloc(m * sizeof *a), *restrict delta1 = malloc(q * sizeof *delta1);
    for (long t = 0; t < steps; t++) {
        const float *x = X + (long)order[t] * d, *y = Y + (long)order[t] * m;
        z[0] = 1;
        for (int j = 0; j < q; j++) { /* z = (1, f(Wx)) */
            const float *w = W + (long)j * (d + 1);
            float u = w[0];
            for (int i = 0; i < d; i++) u += w[i + 1] * x[i];
            z[j + 1] = u > 0 ? u : 0;
        }
        float top = -INFINITY, sum = 0;
        for (int k = 0; k < m; k++) { /* a = Vz */
            const float *v = V + k * (q + 1);
            float s = 0;
            for (int j = 0; j <= q; j++) s += v[j] * z[j];
            a[k] = s;
            top = s > top ? s : top;
        }
        for (int k = 0; k < m; k++) sum += a[k] = expf(a[k] - top);
        for (int k = 0; k < m; k++) a[k] = a[k] / sum - y[k]; /* delta2 = g - y */
        for (int j = 0; j < q; j++) delta1[j] = 0;
        for (int k = 0; k < m; k++) { /* delta1 = V~^T delta2, before V changes */
            float *v = V + k * (q + 1), delta2 = a[k];
            for (int j = 0; j < q; j++) delta1[j] += v[j + 1] * delta2;
            for (int j = 0; j <= q; j++) v[j] -= eta[t] * delta2 * z[j];
        }
        for (int j = 0; j < q; j++) { /* delta1 takes its f'(u), 1 or 0 */
#ifdef SKIPPING
            if (z[j + 1] == 0) continue;
#endif
            float *w = W + (long)j * (d + 1);
            float step = eta[t] * delta1[j] * (z[j + 1] > 0);
            w[0] -= step;
            for (int i = 0; i < d; i++) w[i + 1] -= step * x[i];
        }
    }
    free(z), free(a), free(delta1);
}
