"""Functions that everybody writes, in the ways in which they are written: their likeness proves nothing.

Some of them are items of HumanEval too (is_prime, fib, greatest_common_divisor …); those are told by their words only.
"""

from functools import cache

from review.matching.trees import Tree, share, trees_of

SOURCES = (
    "def is_prime(n):\n    if n < 2:\n        return False\n    for i in range(2, n):\n        if n % i == 0:\n            return False\n    return True\n",
    "def is_prime(n):\n    if n <= 1:\n        return False\n    for i in range(2, int(n ** 0.5) + 1):\n        if n % i == 0:\n            return False\n    return True\n",
    "def is_prime(n):\n    if n < 2:\n        return False\n    i = 2\n    while i * i <= n:\n        if n % i == 0:\n            return False\n        i += 1\n    return True\n",
    "def is_prime(n):\n    if n < 2:\n        return False\n    for k in range(2, n - 1):\n        if n % k == 0:\n            return False\n    return True\n",
    "def is_prime(n):\n    return n > 1 and all(n % i for i in range(2, int(n ** 0.5) + 1))\n",
    "def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a\n",
    "def gcd(a, b):\n    while b != 0:\n        a, b = b, a % b\n    return a\n",
    "def gcd(a, b):\n    if b == 0:\n        return a\n    return gcd(b, a % b)\n",
    "def gcd(a, b):\n    return a if b == 0 else gcd(b, a % b)\n",
    "def lcm(a, b):\n    return a * b // gcd(a, b)\n",
    "def fib(n):\n    if n == 0:\n        return 0\n    if n == 1:\n        return 1\n    return fib(n - 1) + fib(n - 2)\n",
    "def fib(n):\n    if n <= 1:\n        return n\n    return fib(n - 1) + fib(n - 2)\n",
    "def fib(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a\n",
    "def factorial(n):\n    if n == 0:\n        return 1\n    return n * factorial(n - 1)\n",
    "def factorial(n):\n    result = 1\n    for i in range(1, n + 1):\n        result *= i\n    return result\n",
    "def factors(n):\n    found = []\n    i = 2\n    while i * i <= n:\n        while n % i == 0:\n            found.append(i)\n            n //= i\n        i += 1\n    if n > 1:\n        found.append(n)\n    return found\n",
    "def is_palindrome(s):\n    return s == s[::-1]\n",
    "def is_palindrome(s):\n    for i in range(len(s)):\n        if s[i] != s[len(s) - 1 - i]:\n            return False\n    return True\n",
    "def is_palindrome(s):\n    for i in range(len(s) // 2):\n        if s[i] != s[-i - 1]:\n            return False\n    return True\n",
    "def bubble_sort(a):\n    for i in range(len(a)):\n        for j in range(len(a) - i - 1):\n            if a[j] > a[j + 1]:\n                a[j], a[j + 1] = a[j + 1], a[j]\n    return a\n",
    "def binary_search(a, x):\n    low, high = 0, len(a) - 1\n    while low <= high:\n        mid = (low + high) // 2\n        if a[mid] == x:\n            return mid\n        if a[mid] < x:\n            low = mid + 1\n        else:\n            high = mid - 1\n    return -1\n",
    "def maximum(a):\n    m = a[0]\n    for e in a:\n        if e > m:\n            m = e\n    return m\n",
    "def flatten(a):\n    return [x for row in a for x in row]\n",
    "def count(words):\n    counts = {}\n    for w in words:\n        if w in counts:\n            counts[w] += 1\n        else:\n            counts[w] = 1\n    return counts\n",
    "def count(words):\n    counts = {}\n    for w in words:\n        counts[w] = counts.get(w, 0) + 1\n    return counts\n",
    "def vowels(s):\n    return sum(1 for c in s if c in 'aeiou')\n",
    "def vowels(s):\n    n = 0\n    for c in s:\n        if c in 'aeiou':\n            n += 1\n    return n\n",
    "def total(a):\n    s = 0\n    for x in a:\n        s += x\n    return s\n",
    "def digits(n):\n    return sum(int(c) for c in str(n))\n",
    "def digits(n):\n    return sum(map(int, str(n)))\n",
    "def evens(a):\n    return [x for x in a if x % 2 == 0]\n",
    "def unique(a):\n    seen = set()\n    out = []\n    for x in a:\n        if x not in seen:\n            seen.add(x)\n            out.append(x)\n    return out\n",
    "def unique(a):\n    out = []\n    for x in a:\n        if x not in out:\n            out.append(x)\n    return out\n",
    "def to_base(n, b):\n    out = ''\n    while n > 0:\n        out = str(n % b) + out\n        n //= b\n    return out\n",
    "def area(a, h):\n    return a * h / 2.0\n",
    "def swap(s):\n    return s.swapcase()\n",
    "def reverse_words(s):\n    return ' '.join(s.split()[::-1])\n",
    "def is_sorted(a):\n    return all(a[i] <= a[i + 1] for i in range(len(a) - 1))\n",
    "def average(a):\n    return sum(a) / len(a)\n",
)  # fmt: skip


@cache
def idiom_trees() -> tuple[Tree, ...]:
    """The trees of all of them."""
    return tuple(tree for source in SOURCES for tree in trees_of(source))


@cache
def idiom_shapes() -> frozenset[str]:
    """The shapes of all their statements."""
    return frozenset(shape for tree in idiom_trees() for shape in tree.shapes)


def is_idiom(tree: Tree) -> bool:
    """Whether most of a program is what everybody writes."""
    return share(tree, tree, idiom_shapes())[1] < tree.size / 2
