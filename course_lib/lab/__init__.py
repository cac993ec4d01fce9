"""The MNIST lab: its questions (`mnist_lab`) and the calls that answer them (`mnist_calls`)."""
