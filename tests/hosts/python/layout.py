"""Prints the layout of ptbridge.py in the words of layout.sh."""

import ctypes

import ptbridge

for name, value in sorted(vars(ptbridge).items()):
    if name.startswith("PTB_"):
        print(name, value)
    elif name.startswith("ptb_") and issubclass(value, ctypes.Structure):
        print(name, ctypes.sizeof(value))
        for field, _ in value._fields_:
            print(f"{name}.{field} {getattr(value, field).offset} {getattr(value, field).size}")
