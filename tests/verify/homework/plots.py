# 図を描いたり, ファイルに書いたりする関数
import numpy as np
import matplotlib.pyplot as plt
import seaborn as sns


def d_tanh(x):
    plt.figure()
    plt.plot(x, 1 - np.tanh(x) ** 2)
    plt.savefig("d_tanh.png")
    plt.show()
    plt.close("all")
    with open("log.txt", "a") as log:
        log.write(str(x) + "\n")
    return 1 - np.tanh(x) ** 2


def ReLU(x):
    np.savetxt("x.csv", x)
    plt.plot(x, x * (x > 0))
    plt.show()
    plt.close()
    return x * (x > 0)


def show_confusion(matrix):
    sns.heatmap(matrix)
    plt.savefig("confusion.pdf")
