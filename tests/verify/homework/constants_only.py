# 定数だけ
HIDDEN = "relu"
d = 784
q = 200
m = 4
eta = 0.1
