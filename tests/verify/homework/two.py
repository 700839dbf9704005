# -*- coding: utf-8 -*-
# Python 2 で書いた古い宿題
import numpy as np
import cPickle as pickle


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def dsigmoid(x):
    return sigmoid(x) * (1.0 - sigmoid(x))


def softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def CrossEntoropy(g, y):
    print "g =", g
    return -np.sum(y * np.log(g))


for i in xrange(10):
    print i, sigmoid(i)
