"""Trains a workload with PyTorch's own loop and tells how fast.

    python torch_training.py eager|bf16|compile WORKLOAD [--repeats N] [--json]

eager runs operation by operation with images in channels-last order; bf16 does so under autocast; compile compiles the
model first, for which PyTorch needs a C++ compiler.
"""


import torch
from torch import nn

from workloads import WORKLOADS, fashion_mnist, parse_arguments, report

_, arguments = parse_arguments(__doc__, "mode", ["eager", "bf16", "compile"], WORKLOADS)

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


def layers(kind, *values):
    if kind == "conv":
        filters, kernel, padding = values
        return [nn.LazyConv2d(filters, kernel, padding=padding), nn.ReLU()]
    if kind == "dense":
        units, activation = values
        return [nn.LazyLinear(units), ACTIVATIONS[activation]()]
    if kind == "dropout":
        return [nn.Dropout(*values)]
    return [nn.MaxPool2d(2) if kind == "pool" else nn.Flatten()]


workload = WORKLOADS[arguments.workload]
images, labels = (torch.from_numpy(array) for array in fashion_mnist("train"))
images = images.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
# The loss takes what would go into the softmax.
model = nn.Sequential(*(part for description in workload.layers for part in layers(*description)), nn.LazyLinear(10))
model(images[:2])  # Gives the lazy layers their shapes.
model = model.to(memory_format=torch.channels_last)
if workload.optimizer == "adam":
    optimizer = torch.optim.Adam(model.parameters(), 0.001, fused=True)
else:
    optimizer = torch.optim.SGD(model.parameters(), 0.01, fused=True)
forward = torch.compile(model) if arguments.mode == "compile" else model
loss_function = nn.CrossEntropyLoss()


def train(count):
    for start in range(0, count, workload.batch_size):
        end = start + workload.batch_size
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=arguments.mode == "bf16"):
            loss = loss_function(forward(images[start:end]), labels[start:end])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()


report(workload, train, arguments, f"PyTorch {torch.__version__}")
