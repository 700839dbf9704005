# 知能プログラミング演習 II 第2回 3層ニューラルネットワーク
import os
import sys

import numpy as np
import matplotlib.pyplot as plt
import seaborn as sns
from sklearn.metrics import confusion_matrix

os.chdir(os.path.dirname(os.path.abspath(sys.argv[0])))

##### データの読み込み
# m: クラス数
m = 4
num_data = 1000
x_train = np.load("./x_train.npy")[:num_data]
y_train = np.load("./y_train.npy")[:num_data]
x_test = np.load("./x_test.npy")
y_test = np.load("./y_test.npy")
n, d = x_train.shape


##### 活性化関数, 誤差関数, 順伝播, 逆伝播
def ReLU(x):
    # 穴埋め
    return


def dReLU(x):
    # 穴埋め
    return


def softmax(x):
    # 穴埋め
    return


def CrossEntoropy(g, y):
    # 穴埋め
    return


def forward(x, W, actfunc, d_actfunc):
    # 穴埋め
    return


def backward(V_tilde, delta, derivative):
    # 穴埋め
    return


##### 中間層のユニット数とパラメータの初期値
q = 200
np.random.seed(123)
W = np.random.normal(0, 0.3, (q, d + 1))
V = np.random.normal(0, 0.3, (m, q + 1))

########## 確率的勾配降下法によるパラメータ推定
num_epoch = 10
eta = 0.1
e_train = []

for epoch in range(0, num_epoch):
    index = np.random.permutation(n)
    eta_t = eta / (epoch + 1)
    error = 0
    for i in index:
        xi = np.append(1, x_train[i, :])
        yi = y_train[i, :]

        ##### 順伝播

        ##### 誤差評価

        ##### パラメータの更新

    e_train.append(error / n)
    print("epoch =", epoch)

plt.plot(e_train, label="training error")
plt.savefig("./error.pdf")
