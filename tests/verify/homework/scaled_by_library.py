"""scikit-learn と pandas で前処理した版 (関数は自分で書いた)"""
import numpy as np
import pandas as pd
from sklearn.preprocessing import OneHotEncoder, StandardScaler

df = pd.read_csv("train.csv")
X = StandardScaler().fit_transform(df.drop(columns="label"))
T = OneHotEncoder().fit_transform(df[["label"]]).toarray()
N, D = X.shape
M = T.shape[1]
Q = 30
learning_rate = 0.05

Wh = np.random.randn(Q, D + 1) * np.sqrt(2 / D)
Wo = np.random.randn(M, Q + 1) * np.sqrt(1 / Q)


def softmax(a):
    b = a - np.max(a)
    return np.exp(b) / np.exp(b).sum()


history = []
for epoch in range(200):
    total = 0.0
    for n in np.random.permutation(N):
        x_n = np.insert(X[n], 0, 1.0)
        t_n = T[n]
        u = Wh @ x_n
        z = np.insert(np.where(u > 0, u, 0), 0, 1.0)
        y_n = softmax(Wo @ z)
        total -= t_n @ np.log(y_n)
        delta_out = y_n - t_n
        delta_hidden = (Wo.T @ delta_out)[1:] * (u > 0)
        Wo -= learning_rate * np.outer(delta_out, z)
        Wh -= learning_rate * np.outer(delta_hidden, x_n)
    history.append(total / N)
    if epoch > 5 and abs(history[-1] - history[-2]) < 1e-6:
        break
