"""Submissions that mean harm, each with what has to be held of it for it to do none."""

from typing import NamedTuple


class Hostile(NamedTuple):
    """A submission; FOLDER and PORT in it stand for where it lies and who listens.

    Attributes:
        held: the fields of `Held` without which it does harm: there it is not run by a test.
    """

    text: str
    held: tuple[str, ...] = ()


FRAME = """
import atexit, ctypes, json, marshal, multiprocessing, os, pickle, pwd, re, resource, shutil
import signal, socket, struct, subprocess, sys, threading, time, urllib.request
import numpy as np

HERE = "FOLDER"

def each_fd(data):
    for fd in range(3, 30):
        try:
            os.write(fd, data)
        except OSError:
            pass

def softmax(x):
EVIL
    e = np.exp(x - np.max(x))
    return e / e.sum()
"""
OUTSIDE = """
import os, time
from typing import NamedTuple
import numpy as np
EVIL
"""
SOFTMAX = "def softmax(x):\n    e = np.exp(x - np.max(x))\n    return e / e.sum()\n"
FORGED = '["done", [0.25, 0.25, 0.25, 0.25], [null]]'


def _calls(evil: str, *held: str) -> Hostile:
    body = "\n".join(f"    {line}" for line in evil.strip("\n").split("\n"))
    return Hostile(FRAME.replace("EVIL", body), held)


def _outside(evil: str, *held: str) -> Hostile:
    return Hostile(OUTSIDE.replace("EVIL", evil.strip("\n")) + "\n" + SOFTMAX, held)


def _returns(members: str, *held: str) -> Hostile:
    """One that gives back an object with these members."""
    body = "\n".join(f"    {line}" for line in members.strip("\n").split("\n"))
    return _calls(f"class Result:\n{body}\nreturn Result()", *held)


EVIL = {
    # Loops
    "loop": _calls("while True: pass"),
    "sleep": _calls("time.sleep(600)"),
    "sleep_in_every_call": _calls("time.sleep(0.4)"),
    "loop_that_ignores_signals": _calls(
        "for s in (1, 2, 3, 15): signal.signal(s, signal.SIG_IGN)\nwhile True: pass"
    ),
    "thread_that_loops": _calls(
        "def loop():\n    while True: pass\nthreading.Thread(target=loop).start()"
    ),
    "deadlock": _calls("lock = threading.Lock()\nlock.acquire()\nlock.acquire()"),
    "backtracking": _calls("re.match('(a*)*b', 'a' * 60)"),
    "power": _calls("y = 9\nfor _ in range(3): y = y ** y ** y"),
    "endless_list": _calls("list(iter(int, 1))"),
    "loop_at_exit": _calls("atexit.register(lambda: time.sleep(600))"),
    "loop_in_a_decorator": _outside(
        "def forever(f):\n    while True: pass\n@forever\ndef sigmoid(x):\n    return x"
    ),
    "loop_in_a_default": _outside(
        "def forever():\n    while True: pass\ndef sigmoid(x, y=forever()):\n    return x"
    ),
    "loop_in_a_class": _outside("class Result(NamedTuple):\n    x: int = 0\n    while True: pass"),
    "loop_in_keys": _returns(
        "_asdict = lambda self: self\nkeys = __iter__ = lambda self: iter(int, 1)"
    ),
    "loop_in_array": _returns("def __array__(self, *a, **k):\n    while True: pass"),
    "loop_in_asdict": _returns("def _asdict(self):\n    while True: pass"),
    "recursion": _calls("softmax(x)"),
    # Floods
    "prints": _calls("while True: print('x' * 10000)"),
    "writes_to_all": _calls("while True:\n    each_fd(b'x' * 100000)"),
    "memory": _calls("y = [np.ones(1 << 24) for _ in range(1000)]"),
    "shared_memory": _calls(
        "import mmap\ny = mmap.mmap(-1, 8 << 30)\nfor k in range(0, 8 << 30, 4096): y[k] = 1", "limits"
    ),
    "memory_in_lists": _calls("y = []\nwhile True: y.append([0] * 1000000)"),
    "files": _calls("for n in range(10 ** 7): open(f'f{n}', 'w').close()", "disk"),
    "large_file": _calls(
        "with open('large', 'wb') as f:\n    while True: f.write(bytes(1 << 20))", "limits"
    ),
    "large_result": _calls("return np.ones(1 << 26)"),
    "long_text": _calls("return 'x' * (1 << 26)"),
    "long_error": _calls("raise ValueError('x' * (1 << 26))"),
    "deep_result": _calls("y = 1.0\nfor _ in range(10 ** 5): y = (y,)\nreturn y"),
    "wide_result": _calls("return tuple((1.0,) for _ in range(10 ** 6))"),
    "threads": _calls(
        "while True: threading.Thread(target=time.sleep, args=(600,), daemon=True).start()"
    ),
    "descriptors": _calls("y = [open('/dev/null') for _ in range(10 ** 6)]"),
    # Processes
    "forks": _calls("while True: os.fork()", "processes"),
    "leaves_the_group": _calls("if not os.fork():\n    os.setsid()\n    time.sleep(600)", "processes"),
    "daemon": _calls(
        "if not os.fork():\n    os.setsid()\n    if not os.fork(): time.sleep(600)\n    os._exit(0)",
        "processes",
    ),
    "subprocess": _calls("subprocess.Popen(['sleep', '600.25'])", "processes"),
    "shell": _calls("os.system('sleep 600.25 &')", "processes"),
    "popen": _calls("os.popen('nohup sleep 600.25 &')", "processes"),
    "multiprocessing": _calls(
        "multiprocessing.Process(target=time.sleep, args=(600,)).start()", "processes"
    ),
    "spawn": _calls("os.posix_spawn('/bin/sleep', ['sleep', '600.25'], {})", "processes"),
    "exec": _calls("os.execv('/bin/sleep', ['sleep', '600.25'])", "processes"),
    "setsid": _calls("os.setpgid(0, 0)\nwhile True: pass"),
    # The network
    "connects": _calls("socket.create_connection(('127.0.0.1', PORT), 1)", "network"),
    "fetches": _calls("urllib.request.urlopen('http://127.0.0.1:PORT/', timeout=1)", "network"),
    "listens": _calls("s = socket.socket()\ns.bind(('', 0))\ns.listen()", "network"),
    "connects_by_c": _calls(
        "c = ctypes.CDLL(None)\nfd = c.socket(2, 1, 0)\n"
        "c.connect(fd, struct.pack('>HHI8x', 512, PORT, 0x7F000001), 16)",
        "network",
    ),
    # The disk
    "home": _calls("open(os.path.expanduser('~/litter'), 'w').write('x')", "disk"),
    "home_by_name": _calls(
        "open(pwd.getpwuid(os.getuid()).pw_dir + '/litter.jaxmlp', 'w').write('x')", "disk"
    ),
    "beside": _calls("open(HERE + '/litter', 'w').write('x')", "disk"),
    "overwrites": _calls("open(HERE + '/zz_wrong.py', 'w').write('')", "disk"),
    "deletes": _calls("shutil.rmtree(HERE)", "disk"),
    "renames": _calls("os.rename(HERE + '/zz_right.py', HERE + '/zz_wrong.py')", "disk"),
    "temporary": _calls("open('/tmp/litter.jaxmlp', 'w').write('x')", "disk"),
    "patches_the_checker": _calls(
        "import jaxmlp\nopen(jaxmlp.__file__, 'a').write('raise SystemExit')", "disk"
    ),
    "changes_rights": _calls("os.chmod(HERE, 0)", "disk"),
    "works_here": _calls("open('litter', 'w').write('x')\nos.mkdir('folder')"),
    "links": _calls("os.symlink(HERE, 'link')\nshutil.rmtree('link/.')", "disk"),
    "reads_another": _calls("exec(open(HERE + '/zz_right.py').read())\nraise OSError", "disk"),
    "memory_of_the_grader": _calls(
        "open(f'/proc/{os.getppid()}/mem', 'r+b', 0).seek(4096)\nraise SystemError('open')"
    ),
    # What it shares its process with
    "patches_numpy": _calls("np.array = np.exp = lambda *a, **k: 1 / 0"),
    "patches_json": _calls("json.dumps = lambda *a, **k: 'null'"),
    "patches_marshal": _calls("marshal.loads = lambda *a, **k: 1 / 0"),
    "patches_the_child": _calls(
        "import jaxmlp.verify.run.child as c\nc.portable = lambda v: np.full(np.shape(x), 0.25)"
    ),
    "patches_the_message": _calls(
        "import jaxmlp.verify.run.message as m\nm.packed = lambda v: pickle.dumps(v)"
    ),
    "patches_builtins": _calls("import builtins\nbuiltins.isinstance = lambda *a: True"),
    "traces": _calls("sys.settrace(lambda *a: 1 / 0)"),
    # What it sends
    "forged": _calls(f"m = b'{FORGED}'\neach_fd(struct.pack('>II', len(m), 0) + m)"),
    "length_and_silence": _calls("each_fd(struct.pack('>II', 1 << 19, 0))\ntime.sleep(600)"),
    "length_of_all": _calls("each_fd(b'\\xff' * 8)\ntime.sleep(600)"),
    "half_a_message": _calls("each_fd(struct.pack('>II', 100, 0) + b'[')\nos._exit(0)"),
    "a_pickle": _calls(
        "class P:\n    def __reduce__(self): return os.system, ('touch /tmp/litter.jaxmlp',)\n"
        "m = pickle.dumps(P())\neach_fd(struct.pack('>II', len(m), 0) + m)\ntime.sleep(600)"
    ),
    "a_pickled_array": _calls(
        "class P:\n    def __reduce__(self): return os.system, ('touch /tmp/litter.jaxmlp',)\n"
        "return np.array([P(), P()], object)"
    ),
    "a_float_that_is_more": _calls(
        "class F(float):\n    def __reduce__(self): return os.system, ('touch /tmp/litter.jaxmlp',)\n"
        "return F(1)"
    ),
    "closes_all": _calls("os.closerange(0, 100)\ntime.sleep(600)"),
    "reads_requests": _calls("for fd in range(3, 10):\n    try: os.read(fd, 10)\n    except OSError: pass"),
    # Ends and signals
    "exits": _calls("sys.exit(0)"),
    "exits_at_once": _calls("os._exit(0)"),
    "aborts": _calls("os.abort()"),
    "segfault": _calls("ctypes.string_at(0)"),
    "interrupts": _calls("raise KeyboardInterrupt"),
    "kills_itself": _calls("os.kill(os.getpid(), 9)"),
    "kills_the_grader": _calls("os.kill(os.getppid(), 9)", "processes"),
    "kills_its_group": _calls("os.killpg(0, 9)"),
    "kills_all": _calls("os.kill(-1, 9)", "processes"),
    "stops_the_grader": _calls("os.kill(os.getppid(), signal.SIGSTOP)", "processes"),
    "signals_by_a_pipe": _calls(
        "import fcntl\nr, w = os.pipe()\nfcntl.fcntl(r, 8, os.getppid())\nfcntl.fcntl(r, 10, 9)\n"
        "fcntl.fcntl(r, fcntl.F_SETFL, os.O_ASYNC)\nos.write(w, b'x')",
        "processes",
    ),
    "slows_the_grader": _calls("os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)", "processes"),
    "outlives": _calls("ctypes.CDLL(None).prctl(1, 0)\nwhile True: pass"),
    "traces_the_grader": _calls("ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)", "processes"),
    "raises_limits": _calls(
        "try: resource.setrlimit(resource.RLIMIT_DATA, (-1, -1))\n"
        "except (OSError, ValueError): pass\ny = np.ones(1 << 29)",
        "limits",
    ),
}  # fmt: skip
