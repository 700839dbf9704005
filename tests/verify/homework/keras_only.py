import tensorflow as tf
from tensorflow import keras
from keras.layers import Dense

model = keras.Sequential([Dense(200, activation="relu"), Dense(4, activation="softmax")])
model.compile(optimizer="sgd", loss="categorical_crossentropy", metrics=["accuracy"])
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = x_train.reshape(-1, 784) / 255
history = model.fit(x_train, keras.utils.to_categorical(y_train), epochs=10)
