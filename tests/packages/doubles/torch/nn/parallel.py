class DistributedDataParallel:
    def __init__(self, module):
        self.module = module

    def __call__(self, *inputs):
        return self.module(*inputs)

    def parameters(self):
        return self.module.parameters()
