import numpy as np
class NN:
    def train(self, X, Y, eta=0.1):
        for i in range(len(X)):
            x = np.append(1, X[i])
            u = self.W @ x
            z = np.append(1, np.maximum(u, 0))
            d2 = Y[i] - self.softmax(self.V @ z)
            d1 = self.V[:, 1:].T @ d2
            self.V -= eta * np.outer(d2, z)
            self.W -= eta * np.outer(d1, x)
def relu(x): return np.maximum(0, x)
