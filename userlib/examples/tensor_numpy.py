#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A tensor of libpinbuf in NumPy: the same bytes, through ctypes and DLPack."""
import ctypes
import errno
import os
import sys

try:
    import numpy
except ImportError:
    print("python3-numpy is not installed")
    sys.exit(77)

here = os.path.dirname(os.path.abspath(__file__))
lib = ctypes.CDLL(os.path.join(here, "..", "libpinbuf.so"))
lib.pinbuf_global.restype = lib.pinbuf_tensor_data.restype = ctypes.c_void_p
lib.pinbuf_error_text.restype = ctypes.c_char_p
capsule = ctypes.pythonapi.PyCapsule_New
capsule.restype, capsule.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
F32, KEEP, KDLCPU = 10, 0, 1


class Tensor(ctypes.Structure):
    """struct pinbuf_tensor; NumPy takes it by __dlpack__"""
    _fields_ = [("data", ctypes.c_void_p), ("rank", ctypes.c_uint), ("dtype", ctypes.c_uint),
                ("element", ctypes.c_uint), ("flags", ctypes.c_uint),
                ("shape", ctypes.c_ssize_t * 8), ("strides", ctypes.c_ssize_t * 8),
                ("offset", ctypes.c_size_t), ("bytes", ctypes.c_void_p),
                ("parent", ctypes.c_void_p), ("reserved", ctypes.c_uint64 * 4)]

    def __del__(self):
        lib.pinbuf_tensor_fini(ctypes.byref(self))

    def __dlpack_device__(self):
        return KDLCPU, 0

    def __dlpack__(self, stream=None):
        managed = ctypes.c_void_p()
        check(lib.pinbuf_tensor_to_dlpack(ctypes.byref(self), ctypes.byref(managed)))
        return capsule(managed, b"dltensor", None)


def check(status):
    if status:
        raise OSError(-status, lib.pinbuf_error_text().decode())


def tensor(*shape):
    t = Tensor()
    check(lib.pinbuf_tensor_init(ctypes.byref(t), ctypes.c_void_p(lib.pinbuf_global()), F32,
                                 len(shape), (ctypes.c_ssize_t * len(shape))(*shape), None))
    return t


t = tensor(2, 3)
# to write: the buffer protocol, since NumPy before 2.2.5 takes DLPack read-only
flat = numpy.frombuffer((ctypes.c_float * 6).from_address(t.data), dtype="f4")
array = numpy.from_dlpack(t)
flat[:] = range(6)
assert array.__array_interface__["data"][0] == t.data, "not in place"
assert array.tolist() == [[0, 1, 2], [3, 4, 5]] and array.strides == (12, 4)

turned = Tensor()
check(lib.pinbuf_tensor_transpose(ctypes.byref(turned), ctypes.byref(t), KEEP))
view = numpy.from_dlpack(turned)
del t, turned                                   # NumPy keeps the bytes
flat[5] = 50
assert view.tolist() == [[0, 3], [1, 4], [2, 50]] and view.strides == (4, 12)
assert numpy.from_dlpack(tensor(3, 0, 2)).shape == (3, 0, 2)

readonly = Tensor()
t = tensor(1)
check(lib.pinbuf_tensor_readonly(ctypes.byref(readonly), ctypes.byref(t), KEEP))
try:
    numpy.from_dlpack(readonly)
    sys.exit("a read-only tensor was exported")
except OSError as error:
    assert error.errno == errno.EPERM
print("NumPy", numpy.__version__, "reads the same bytes:", view.ravel().tolist())
