"""Makes a socket the 32-bit way, or with the x32 numbers: other_word_size.py int80|x32"""

import ctypes
import mmap
import sys

if sys.argv[1] == "int80":
    # push rbx; mov eax, 359 (socket); mov ebx, 2; mov ecx, 1; xor edx, edx; int 0x80; pop rbx; ret
    code = bytes.fromhex("53b867010000bb02000000b90100000031d2cd805bc3")
else:
    # mov eax, 0x40000029 (socket with the x32 bit); mov edi, 2; mov esi, 1; xor edx, edx; syscall; ret
    code = bytes.fromhex("b829000040bf02000000be0100000031d20f05c3")
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(code)
call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
print("calling", flush=True)
print("came back", call())
