"""The networks, with seeded random weights: torchvision's, and a recurrent classifier of sound. No weights are fetched."""
import torch
import torch.nn as nn
import torchvision.models as models


class Sound(nn.Module):
    """Two LSTM layers over 64 frames of 40 mel bands, a score per class from the last state."""

    def __init__(self):
        super().__init__()
        self.front = nn.Sequential(nn.Linear(40, 64), nn.ReLU())
        self.lstm = nn.LSTM(64, 96, num_layers=2, batch_first=True)
        self.norm = nn.LayerNorm(96)
        self.head = nn.Linear(96, 35)

    def forward(self, x):
        states, _ = self.lstm(self.front(x))
        return self.head(self.norm(states[:, -1]))


class Exits(nn.Module):
    """A ResNet with a side exit after its second and third stage."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        widths = [net.layer3[0].conv1.in_channels, net.layer4[0].conv1.in_channels]
        self.heads = nn.ModuleList(nn.Linear(width, net.fc.out_features) for width in widths)

    def forward(self, x):
        n, outputs = self.net, []
        x = n.layer2(n.layer1(n.maxpool(n.relu(n.bn1(n.conv1(x))))))
        outputs.append(self.heads[0](x.mean((2, 3))))
        x = n.layer3(x)
        outputs.append(self.heads[1](x.mean((2, 3))))
        x = n.layer4(x)
        return (*outputs, n.fc(torch.flatten(n.avgpool(x), 1)))


def vit():
    return models.VisionTransformer(image_size=224, patch_size=16, num_layers=12, num_heads=3, hidden_dim=192, mlp_dim=768, num_classes=100)


PICTURE = (3, 64, 64)
# name: what makes it, shape of an input without batch
NETWORKS = {
    'resnet18': (lambda: Exits(models.resnet18(num_classes=100)), PICTURE),
    'resnet50': (lambda: models.resnet50(num_classes=100), PICTURE),
    'mobilenet_v2': (lambda: models.mobilenet_v2(num_classes=100), PICTURE),
    'mobilenet_v3': (lambda: models.mobilenet_v3_small(num_classes=100), PICTURE),
    'efficientnet_b0': (lambda: models.efficientnet_b0(num_classes=100), PICTURE),
    'densenet121': (lambda: models.densenet121(num_classes=100), PICTURE),
    'inception_v3': (lambda: models.inception_v3(num_classes=100, aux_logits=False, init_weights=False), (3, 96, 96)),
    'googlenet': (lambda: models.googlenet(num_classes=100, aux_logits=False, init_weights=False), PICTURE),
    'shufflenet_v2': (lambda: models.shufflenet_v2_x1_0(num_classes=100), PICTURE),
    'vit_197x192': (vit, (3, 224, 224)),
    'convnext_tiny': (lambda: models.convnext_tiny(num_classes=100), PICTURE),
    'lstm_audio': (Sound, (64, 40)),
}


def samples(shape, count, seed):
    """Inputs with patterns of several sizes and an offset each, so that scores differ between them."""
    g = torch.Generator().manual_seed(seed)
    x = 0.4 * torch.randn(count, *shape, generator=g)
    if len(shape) == 3:
        coarse = torch.randn(count, shape[0], 6, 6, generator=g)
        x += nn.functional.interpolate(coarse, shape[1:], mode='bilinear', align_corners=False)
    return x + 0.5 * torch.randn(count, *[1] * len(shape), generator=g)


def make(name, seed=1):
    """A network in inference mode, whose statistics are those of random inputs, moved a little at random."""
    build, shape = NETWORKS[name]
    torch.manual_seed(seed)
    network = build()
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    with torch.no_grad():
        for norm in norms:
            norm.momentum = None  # the mean of all passes
            norm.weight.uniform_(0.6, 1.4)
            norm.bias.normal_(0, 0.2)
        if norms:
            network.train()
            network(samples(shape, 8, seed + 1))
        for norm in norms:
            norm.running_mean.add_(0.1 * torch.randn_like(norm.running_mean) * norm.running_var.sqrt())
            norm.running_var.mul_(torch.empty_like(norm.running_var).uniform_(0.7, 1.4))
        for m in network.modules():
            if isinstance(m, nn.LayerNorm):
                m.weight.uniform_(0.6, 1.4)
                m.bias.normal_(0, 0.2)
            if hasattr(m, 'layer_scale'):  # a ConvNeXt starts with blocks that hardly count
                m.layer_scale.uniform_(0.2, 0.6)
        if hasattr(network, 'class_token'):  # a ViT starts with zeros
            network.class_token.normal_()
            network.heads.head.weight.normal_(0, 0.07)
    return network.eval(), shape


def export(name, path, opset):
    network, shape = make(name)
    outputs = ['exit1', 'exit2', 'logits'] if isinstance(network, Exits) else ['logits']
    torch.onnx.export(
        network, samples(shape, 1, 3), path, opset_version=opset, input_names=['input'], output_names=outputs,
        dynamic_axes={name: {0: 'batch'} for name in ['input', *outputs]})
    return shape
