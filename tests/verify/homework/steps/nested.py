def main():
    k = 3.0
    def sigmoid(x):
        return 1 / (1 + np.exp(-x * k / 3))
    def tanh(x):
        return np.tanh(x)
    return sigmoid(1), tanh(2)
