"""Products of 8-bit vectors by the VNNI instructions of x86 processors. Knows nothing of what the vectors are.

One instruction multiplies 64 pairs of bytes and adds them up in fours: four times the products of 32-bit floats.
numba has no name for it, so that the innermost loop is written as the instructions themselves.
"""

from __future__ import annotations

from typing import Any

from llvmlite import binding, ir
from numba import config, types
from numba.extending import intrinsic

LANES = 16  # 32-bit numbers in a register
HALVES = 2
PEOPLE, ITEMS = 8, HALVES * LANES  # rows and columns that are summed up in registers at once
INSTRUCTION = "llvm.x86.avx512.vpdpbusd.512"
FLAG, NUMBER = ir.IntType(1), ir.IntType(64)
SUMS = ir.VectorType(ir.IntType(32), LANES)
FLOATS = ir.VectorType(ir.FloatType(), LANES)


def available() -> bool:
    """Whether this processor has the instructions, and numba compiles, and for this processor."""
    told: Any = config
    return (
        not told.DISABLE_JIT
        and told.CPU_NAME is None
        and binding.get_host_cpu_features().get("avx512vnni", False)
    )


def _products(  # noqa: PLR0913, PLR0917 - eight addresses are eight arguments
    typing_context: Any, people: Any, places: Any, quads: Any, items: Any, first: Any, scales: Any, limits: Any,
    out: Any,
) -> Any:  # fmt: skip
    """out[p, i] = (first[i] + sum over k of people[places[p] + k] * items[i, k]) * scales[i], for 8 people, 32 items.

    Returns a number whose bit p says whether a product of person p reaches limits[p]. All arguments but `quads` (a
    quarter of the width) are addresses: of unsigned bytes, of 64-bit distances from `people`, of signed bytes
    (quads, 2, 16, 4), of 32-bit integers (32,), of floats (32,), (8,) and (8, 32).
    """
    del typing_context, people, places, quads, items, first, scales, limits, out
    at = types.uintp
    return types.int64(at, at, types.intp, at, at, at, at, at), _written


products: Any = intrinsic(_products)


def _written(context: Any, builder: Any, signature: Any, given: Any) -> Any:
    """The loop over quads with its 16 sums in registers, and what becomes of them."""
    del context, signature
    people, places, quads, items, first, scales, limits, out = given
    step = _Step(builder)
    rows = [builder.add(people, step.load(places, 8 * p, NUMBER)) for p in range(PEOPLE)]
    totals = _summed(step, rows, quads, items, [step.load(first, 64 * h, SUMS) for h in range(HALVES)])
    scale = [step.load(scales, 64 * h, FLOATS) for h in range(HALVES)]
    found = ir.Constant(NUMBER, 0)
    for p, total in enumerate(totals):
        limit = step.repeated(step.load(limits, 4 * p, ir.FloatType()), FLOATS)
        reached = []
        for half in range(HALVES):
            product = builder.fmul(builder.sitofp(total[half], FLOATS), scale[half])
            step.store(product, out, 4 * (p * ITEMS + half * LANES))
            reached.append(builder.fcmp_ordered(">=", product, limit))
        lanes = builder.bitcast(builder.or_(*reached), ir.IntType(LANES))
        any_ = builder.icmp_unsigned("!=", lanes, ir.Constant(lanes.type, 0))
        bit = builder.select(any_, ir.Constant(NUMBER, 1 << p), ir.Constant(NUMBER, 0))
        found = builder.or_(found, bit)
    return found


def _summed(step: _Step, rows: list[Any], quads: Any, items: Any, start: list[Any]) -> list[list[Any]]:
    """Sums (people, halves) of registers over all quads, from `start`."""
    builder = step.builder
    before = builder.block
    loop, after = builder.append_basic_block("quads"), builder.append_basic_block("summed")
    builder.branch(loop)
    builder.position_at_end(loop)
    quad = builder.phi(NUMBER)
    quad.add_incoming(ir.Constant(NUMBER, 0), before)
    totals = [[builder.phi(SUMS) for _ in start] for _ in rows]
    four = [step.load(builder.add(items, step.times(quad, 128)), 64 * half, SUMS) for half in range(HALVES)]
    for row, total in zip(rows, totals, strict=True):
        person = step.load(builder.add(row, step.times(quad, 4)), 0, ir.IntType(32))
        person = step.repeated(person, SUMS)
        for half in range(HALVES):
            total[half].add_incoming(start[half], before)
            total[half].add_incoming(step.accumulated(total[half], person, four[half]), loop)
    later = builder.add(quad, ir.Constant(NUMBER, 1))
    quad.add_incoming(later, loop)
    builder.cbranch(builder.icmp_signed("<", later, quads), loop, after)
    builder.position_at_end(after)
    return [[half.incomings[1][0] for half in total] for total in totals]


class _Step:
    """Single instructions, with addresses as whole numbers."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder

    def times(self, value: Any, factor: int) -> Any:
        return self.builder.mul(value, ir.Constant(value.type, factor))

    def pointer(self, address: Any, behind: int, kind: Any) -> Any:
        place = self.builder.add(address, ir.Constant(address.type, behind))
        return self.builder.inttoptr(place, kind.as_pointer())

    def load(self, address: Any, behind: int, kind: Any) -> Any:
        return self.builder.load(self.pointer(address, behind, kind), align=1)

    def store(self, value: Any, address: Any, behind: int) -> None:
        self.builder.store(value, self.pointer(address, behind, value.type), align=1)

    def repeated(self, value: Any, kind: Any) -> Any:
        """One value in all lanes."""
        none = ir.Constant(kind, ir.Undefined)
        single = self.builder.insert_element(none, value, ir.Constant(ir.IntType(32), 0))
        return self.builder.shuffle_vector(single, none, ir.Constant(SUMS, [0] * LANES))

    def accumulated(self, total: Any, unsigned: Any, signed: Any) -> Any:
        module = self.builder.module
        kind = ir.FunctionType(SUMS, [SUMS] * 3)
        function = module.globals.get(INSTRUCTION) or ir.Function(module, kind, INSTRUCTION)
        return self.builder.call(function, [total, unsigned, signed])
