import numpy as np
import seaborn as sns
def ReLU(x):
    value = 0
    gradient = 0
    if x > 0:
        value = x
        gradient = 1
    return value, gradient
def sigmoid(x):
    ret=1/(1+np.exp(-x))
    return ret,(1-ret)*ret
def tanh(x):
    f = np.tanh(x)
    return f, 1-f
def softmax(x):
    return np.exp(x)/np.sum(np.exp(x))
def CrossEntoropy(x, y):
    return -np.sum(y*np.log(x))
def forward(x, w, fncs):
    v = np.dot(w, x)
    z = [1]
    dz = []
    for item in v:
        i, di = fncs(item)
        z.append(i)
        dz.append(di)
    return np.array(z), np.array(dz)
def backward(w, delta, v):
    return np.dot(w.T, delta)*v
n = 10000
d = 28**2
m = 4
label = np.identity(m)
q = 200
w = np.random.normal(0, 0.3, size=(q, d+1))
v = np.random.normal(0, 0.3, size=(m, q+1))
e = []
eta = 0.1
for epoch in range(0, 50):
    index = np.random.permutation(n)
    eta_t = eta/(epoch + 1)
    for i in index:
        dat = np.genfromtxt("./train/{}.csv".format(i))[1:]
        xi = np.append(1, dat[1:])
        yi = label[int(dat[0])]
        z1, u1 = forward(xi, w, ReLU)
        z2 = softmax(np.dot(v, z1))
        e.append(CrossEntoropy(z2, yi))
        d2 = z2-yi
        v1 = np.delete(v,0,1)
        d1 = backward(v1,d2,u1)
        d1new = np.reshape(d1,(200,1))
        xinew = np.reshape(xi,(785,1))
        w = w-eta_t*np.dot(d1new,xinew.T)
        d2new = np.reshape(d2,(4,1))
        z1new = np.reshape(z1,(201,1))
        v -= eta_t*np.dot(d2new,z1new.T)
