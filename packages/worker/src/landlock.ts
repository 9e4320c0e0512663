/**
 * Takes one folder out of a program's reach by Landlock (Linux 5.13), for machines on which nothing can be mounted, as in a container. It
 * needs no right, and python3 to make the calls, for which there is no program of its own yet: `python3 -I -S -c LANDLOCK FOLDER PROGRAM …`.
 * Landlock knows no exceptions, so everything beside the folder and its parents is allowed. Symbolic links are left out: what they lead to
 * counts by its own place. Numbers: linux/landlock.h; the calls are 444 to 446 everywhere. Devices' ioctls are not restricted.
 */
export const LANDLOCK = `
import ctypes, os, stat, struct, sys
hidden = os.path.realpath(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
abi = libc.syscall(444, None, ctypes.c_size_t(0), 1)
if abi < 1 or hidden == "/": sys.exit(70)
rights = 0x1fff | (0x2000 if abi >= 2 else 0) | (0x4000 if abi >= 3 else 0)
of_files = rights & 0x4007
ruleset = libc.syscall(444, struct.pack("Q", rights), ctypes.c_size_t(8), 0)
if ruleset < 0: sys.exit(70)
above = ""
for part in hidden[1:].split("/"):
    for name in os.listdir(above or "/"):
        path = above + "/" + name
        if name == part: continue
        try:
            fd = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        mode = os.fstat(fd).st_mode
        if not stat.S_ISLNK(mode):
            allowed = rights if stat.S_ISDIR(mode) else of_files
            if libc.syscall(445, ruleset, 1, struct.pack("=Qi", allowed, fd), 0): sys.exit(70)
        os.close(fd)
    above += "/" + part
if libc.prctl(38, 1, 0, 0, 0) or libc.syscall(446, ruleset, 0): sys.exit(70)
os.close(ruleset)
os.execvp(sys.argv[2], sys.argv[2:])
`;
