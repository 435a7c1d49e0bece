"""Trains a generative workload with PyTorch's own loop and tells how fast.

    python torch_generative.py eager|bf16 vae10|gan64 [--repeats N] [--json]

In channels-last order; bf16 runs under autocast.
"""


import torch
from torch import nn

from workloads import GENERATIVE, fashion_mnist, noise, parse_arguments, report

_, arguments = parse_arguments(__doc__, "mode", ["eager", "bf16"], GENERATIVE)
workload = GENERATIVE[arguments.workload]


def channels_last(array):
    return torch.from_numpy(array).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def batches(images, count):
    return (images[start : start + workload.batch_size] for start in range(0, count, workload.batch_size))


def precision():
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=arguments.mode == "bf16")


def down(inputs, filters):
    return nn.Conv2d(inputs, filters, 3, stride=2, padding=1)


def up(inputs, filters):
    return nn.ConvTranspose2d(inputs, filters, 3, stride=2, padding=1, output_padding=1)


def update(optimizer, loss):
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def autoencoder():
    """A training pass over so many images."""
    images = channels_last(fashion_mnist("train")[0][: workload.images])
    encoder = nn.Sequential(
        down(1, 32), nn.ReLU(), down(32, 64), nn.ReLU(), nn.Flatten(), nn.Linear(3136, 16), nn.ReLU(), nn.Linear(16, 20)
    ).to(memory_format=torch.channels_last)
    decoder = nn.Sequential(
        nn.Linear(10, 3136), nn.ReLU(), nn.Unflatten(1, (64, 7, 7)), up(64, 64), nn.ReLU(), up(64, 32), nn.ReLU(),
        nn.ConvTranspose2d(32, 1, 3, padding=1), nn.Sigmoid(),
    ).to(memory_format=torch.channels_last)
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.RMSprop(parameters, 1e-3, alpha=0.9)

    def train(count):
        for batch in batches(images, count):
            with precision():
                mean, log_variance = encoder(batch).float().chunk(2, dim=1)
                latent = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
                divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1).mean()
                loss = 784 * nn.functional.mse_loss(decoder(latent).float(), batch) + divergence
            update(optimizer, loss)

    return train


class Noise(nn.Module):
    def forward(self, values):
        return values + 0.01 * torch.randn_like(values)


def adversaries():
    """The same for a generator and a discriminator."""
    images = channels_last(noise((workload.images, 64, 64, 3)))
    downs = [part for place in range(5) for part in (down(128 if place else 3, 128), nn.LeakyReLU(0.3), Noise())]
    discriminator = nn.Sequential(*downs, nn.Flatten(), nn.Linear(512, 1)).to(memory_format=torch.channels_last)
    ups = [part for place in range(5) for part in (up(128 if place else 256, 128), nn.ReLU())]
    generator = nn.Sequential(
        nn.Linear(64, 1024), nn.ReLU(), nn.Unflatten(1, (256, 2, 2)), *ups, nn.Conv2d(128, 3, 3, padding=1), nn.Sigmoid()
    ).to(memory_format=torch.channels_last)
    optimizers = [torch.optim.Adam(model.parameters(), 1e-4, fused=True) for model in (discriminator, generator)]

    def generated():
        return generator(torch.randn(workload.batch_size, 64))

    def judged(pictures):
        return discriminator(pictures).float()

    def train(count):
        for batch in batches(images, count):
            with precision():
                with torch.no_grad():
                    fake = generated()
                loss = ((judged(batch) - 1) ** 2).mean() + (judged(fake) ** 2).mean()
            update(optimizers[0], loss)
            discriminator.requires_grad_(False)
            with precision():
                loss = ((judged(generated()) - 1) ** 2).mean()
            update(optimizers[1], loss)
            discriminator.requires_grad_(True)

    return train


train = autoencoder() if arguments.workload == "vae10" else adversaries()
report(workload, train, arguments, f"PyTorch {torch.__version__}")
