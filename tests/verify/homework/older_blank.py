# -*- coding: utf-8 -*-
import numpy as np
import matplotlib.pyplot as plt

# データの読み込み (1 列目がファイル名, 2 列目がラベル)
train = np.genfromtxt("data/train.csv", delimiter=",", dtype=str)
n = len(train)
d = 28 * 28
m = 4
q = 200


# シグモイドではなく ReLU を使う。返り値は (関数の値, 微分の値)
def ReLU(x):
    # 作成する


def softmax(x):
    # 作成する


def CrossEntoropy(g, y):
    # 作成する


def forward(x, w, fncs):
    # 作成する


def backward(v, delta, derivative):
    # 作成する


w = np.random.normal(0, 0.3, (q, d + 1))
v = np.random.normal(0, 0.3, (m, q + 1))
num_epoch = 50
eta = 0.1
for epoch in range(0, num_epoch):
    index = np.random.permutation(n)
    eta_t = eta / (epoch + 1)
    for i in index:
        xi = np.append(1, np.genfromtxt(train[i, 0], delimiter=",").ravel() / 255)
        yi = np.zeros(m)
        yi[int(train[i, 1])] = 1
        # ここに順伝播と逆伝播を書く
        # ここまで
    print(epoch)
