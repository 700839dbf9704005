import os
import sys
import numpy as np

sys.setrecursionlimit(100000)


def ReLU(x):
    for i in range(1000):
        print("x =", x)
    return np.maximum(0, x)


def dReLU(x):
    while True:
        pass


def softmax(x):
    sys.exit(1)


def CrossEntoropy(g, y):
    os._exit(0)


def sigmoid(x):
    a = float(input("a? "))
    return 1 / (1 + np.exp(-a * x))


def d_sigmoid(x):
    return d_sigmoid(x) * (1 - d_sigmoid(x))


def tanh(x):
    table = np.ones((200000, 200000))
    return np.tanh(x) * table[0, 0]


def identity(x):
    quit()


def backprop(W, V, x, y):
    os.kill(os.getpid(), 9)
