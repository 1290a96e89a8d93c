# Run by gdb: hides VNNI, and with HIDE=avx512 all of AVX-512, from code that asks the processor for it (CPUID leaf 7).
import os
import subprocess

import gdb

LIBRARIES = ("libonnxruntime.so", "libcoreclr.so")
AVX512_IN_EBX = (16, 17, 21, 26, 27, 28, 30, 31)
AVX512_IN_ECX = (1, 6, 11, 12, 14)


def mask(register, bits):
    value = int(gdb.parse_and_eval(f"${register}")) & 0xFFFFFFFF
    for bit in bits:
        value &= ~(1 << bit)
    gdb.execute(f"set ${register} = {value}", to_string=True)


class Cpuid(gdb.Breakpoint):
    def __init__(self, address):
        super().__init__(f"*{address:#x}", internal=True)


def instructions(path):
    listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "-j", ".text", path], capture_output=True, text=True).stdout
    for line in listing.splitlines():
        if line.endswith("\tcpuid"):
            yield int(line.split(":")[0], 16)


def base(path):
    with open(f"/proc/{gdb.selected_inferior().pid}/maps") as maps:
        return min(int(line.split("-")[0], 16) for line in maps if line.rstrip().endswith(path))


def loaded(event):
    path = event.new_objfile.filename
    if path and os.path.basename(path).startswith(LIBRARIES):
        start = base(path)
        for address in instructions(path):
            Cpuid(start + address)


def hide():
    """The stopped thread is at a CPUID instruction."""
    leaf = int(gdb.parse_and_eval("$eax")) & 0xFFFFFFFF
    sub = int(gdb.parse_and_eval("$ecx")) & 0xFFFFFFFF
    gdb.execute("set scheduler-locking on")
    gdb.execute("stepi", to_string=True)
    gdb.execute("set scheduler-locking off")
    if leaf == 7 and sub == 0:
        everything = os.environ.get("HIDE") == "avx512"
        mask("rcx", AVX512_IN_ECX if everything else (11,))
        if everything:
            mask("rbx", AVX512_IN_EBX)
    elif leaf == 7 and sub == 1:
        mask("rax", (4, 5))


for setting in ("pagination off", "confirm off", "auto-solib-add on", "print thread-events off", "print inferior-events off"):
    gdb.execute(f"set {setting}")
gdb.execute("handle all nostop noprint pass", to_string=True)
gdb.events.new_objfile.connect(loaded)
gdb.execute("run", to_string=True)
while gdb.selected_inferior().pid:
    address = int(gdb.parse_and_eval("$pc"))
    if bytes(gdb.selected_inferior().read_memory(address, 2)) == b"\x0f\xa2":
        hide()
    gdb.execute("continue", to_string=True)
code = gdb.parse_and_eval("$_exitcode")
gdb.execute(f"quit {1 if code.type.code == gdb.TYPE_CODE_VOID else int(code)}")
