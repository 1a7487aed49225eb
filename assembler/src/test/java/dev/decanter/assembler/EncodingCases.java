package dev.decanter.assembler;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** Instructions as GNU as writes them (Intel syntax), each with the calls that emit it. */
final class EncodingCases {
    private static final List<Gp> REGISTERS = List.of(Gp.RAX, Gp.RSP, Gp.RBP, Gp.RDI, Gp.R8, Gp.R12, Gp.R13, Gp.R15);
    private static final int[] NUMBERS = {0, 5, 9, 17, 30};

    private final Map<String, Consumer<Assembler>> cases = new LinkedHashMap<>();

    static Map<String, Consumer<Assembler>> all() {
        EncodingCases made = new EncodingCases();
        made.general();
        made.places();
        made.vectors();
        made.moves();
        made.masks();
        made.tiles();
        return made.cases;
    }

    private void add(String text, Consumer<Assembler> emit) {
        cases.put(text, emit);
    }

    private static String name(Gp r) {
        return r.name().toLowerCase(Locale.ROOT);
    }

    private void general() {
        for (Gp a : REGISTERS) {
            add("push " + name(a), x -> x.push(a));
            add("pop " + name(a), x -> x.pop(a));
            add("xor " + name(a) + "," + name(a), x -> x.clear(a));
            add("shl " + name(a) + ",7", x -> x.shl(a, 7));
            add("shr " + name(a) + ",3", x -> x.shr(a, 3));
            for (int value : new int[] {1, -128, 127, 128, 4096, -70000}) {
                add("add " + name(a) + "," + value, x -> x.add(a, value));
                add("sub " + name(a) + "," + value, x -> x.sub(a, value));
                add("and " + name(a) + "," + value, x -> x.and(a, value));
                add("cmp " + name(a) + "," + value, x -> x.cmp(a, value));
                add("mov " + name(a) + "," + value, x -> x.mov(a, value));
            }
            add("movabs " + name(a) + ",0x123456789abcdef0", x -> x.mov(a, 0x123456789abcdef0L));
            for (Gp b : REGISTERS) {
                add("mov " + name(a) + "," + name(b), x -> x.mov(a, b));
                add("add " + name(a) + "," + name(b), x -> x.add(a, b));
                add("sub " + name(a) + "," + name(b), x -> x.sub(a, b));
                add("cmp " + name(a) + "," + name(b), x -> x.cmp(a, b));
                add("imul " + name(a) + "," + name(b), x -> x.imul(a, b));
            }
        }
        add("ret", Assembler::ret);
        add("vzeroupper", x -> x.vector().zeroUpper());
        add("sfence", x -> x.vector().fence());
    }

    private void places() {
        for (Gp base : REGISTERS) {
            for (int displacement : new int[] {0, 8, 127, -128, 4096, -100000}) {
                String place = "[" + name(base) + (displacement < 0 ? "" : "+") + displacement + "]";
                Mem mem = base.at(displacement);
                add("mov rbx,QWORD PTR " + place, x -> x.mov(Gp.RBX, mem));
                add("mov QWORD PTR " + place + ",r9", x -> x.mov(mem, Gp.R9));
                add("movsxd r11,DWORD PTR " + place, x -> x.movSigned32(Gp.R11, mem));
                add("mov WORD PTR " + place + ",r9w", x -> x.mov16(mem, Gp.R9));
                add("mov WORD PTR " + place + ",ax", x -> x.mov16(mem, Gp.RAX));
                add("mov BYTE PTR " + place + ",al", x -> x.mov8(mem, Gp.RAX));
                add("mov BYTE PTR " + place + ",sil", x -> x.mov8(mem, Gp.RSI));
                add("mov BYTE PTR " + place + ",r9b", x -> x.mov8(mem, Gp.R9));
                add("lea r10," + place, x -> x.lea(Gp.R10, mem));
                add("prefetcht0 " + place, x -> x.prefetch(mem));
                add("prefetcht1 " + place, x -> x.prefetchSecond(mem));
                add("prefetchnta " + place, x -> x.prefetchOnce(mem));
            }
            for (Gp index : List.of(Gp.RAX, Gp.RBP, Gp.R9, Gp.R12, Gp.R13)) {
                String place = "[" + name(base) + "+" + name(index) + "*4+64]";
                Mem mem = base.at(index, 4).plus(64);
                add("mov rbx,QWORD PTR " + place, x -> x.mov(Gp.RBX, mem));
                add("prefetcht0 " + place, x -> x.prefetch(mem));
                add(
                        "vpaddd zmm3,zmm20,ZMMWORD PTR " + place,
                        x -> x.vector().emit(VectorOp.VPADDD, Vec.zmm(3), Vec.zmm(20), mem));
                add(
                        "vpaddd ymm3,ymm4,YMMWORD PTR " + place,
                        x -> x.vector().emit(VectorOp.VPADDD, Vec.ymm(3), Vec.ymm(4), mem));
            }
        }
    }

    private static String name(Vec v) {
        return (v.bytes() == 64 ? "zmm" : v.bytes() == 32 ? "ymm" : "xmm") + v.number();
    }

    private static String pointer(int bytes) {
        return switch (bytes) {
            case 64 -> "ZMMWORD";
            case 32 -> "YMMWORD";
            case 16 -> "XMMWORD";
            case 8 -> "QWORD";
            case 1 -> "BYTE";
            case 2 -> "WORD";
            default -> "DWORD";
        };
    }

    /** How as spells an instruction in its AVX or AVX-512 form. */
    private static String mnemonic(VectorOp op, boolean vex) {
        String plain = op.name().toLowerCase(Locale.ROOT);
        return switch (op) {
            case VPAND, VPOR, VPXOR -> vex ? plain : plain + "d";
            case VPDPBUSD, VPDPWSSD -> vex ? "{vex} " + plain : plain;
            default -> plain;
        };
    }

    private void vectors() {
        for (VectorOp op : VectorOp.values()) {
            for (int bytes : new int[] {16, 32, 64}) {
                if (op == VectorOp.VPERMD && bytes == 16) {
                    continue;
                }
                for (int i = 0; i < NUMBERS.length; i++) {
                    Vec target = new Vec(NUMBERS[i], bytes);
                    Vec first = new Vec(NUMBERS[(i + 1) % NUMBERS.length], bytes);
                    Vec last = new Vec(NUMBERS[(i + 3) % NUMBERS.length], bytes);
                    Vec low = new Vec(i, bytes);
                    Vec lower = new Vec(15 - i, bytes);
                    register(op, target, first, last);
                    register(op, low, lower, new Vec(8, bytes));
                    memory(op, target, first, Gp.RDI.at(bytes * i));
                    memory(op, low, lower, Gp.R13.at(Gp.R12, 8).plus(bytes + i));
                    if (op.canBroadcast() && bytes == 64) {
                        memory(op, target, first, Gp.R9.at(4 * i).all());
                        memory(op, target, first, Gp.RAX.at(1024 + i).all());
                    }
                }
            }
        }
    }

    private static boolean vex(VectorOp op, Vec... used) {
        for (Vec v : used) {
            if (v.number() > 15 || v.bytes() == 64) {
                return false;
            }
        }
        return op != VectorOp.VDPBF16PS && op != VectorOp.VPERMB && op != VectorOp.VCVTNE2PS2BF16;
    }

    private void register(VectorOp op, Vec target, Vec first, Vec last) {
        if (op.hasFirst()) {
            add(
                    mnemonic(op, vex(op, target, first, last)) + " " + name(target) + "," + name(first) + ","
                            + name(last),
                    x -> x.vector().emit(op, target, first, last));
        } else {
            int bytes = Math.max(16, op.unit(target.bytes(), false));
            Vec source = new Vec(last.number(), bytes);
            add(
                    mnemonic(op, vex(op, target, new Vec(source.number(), 16))) + " " + name(target) + ","
                            + name(source),
                    x -> x.vector().emit(op, target, source));
        }
    }

    private void memory(VectorOp op, Vec target, Vec first, Mem mem) {
        String index = mem.index() == Mem.NO_INDEX ? "" : "+" + "r" + mem.index() + "*" + mem.scale();
        String size = mem.broadcast() ? "DWORD" : pointer(op.unit(target.bytes(), false));
        String place = size + " PTR [" + name(mem.base()) + index + "+" + mem.displacement() + "]"
                + (mem.broadcast() ? "{1to16}" : "");
        if (op.hasFirst()) {
            add(
                    mnemonic(op, vex(op, target, first)) + " " + name(target) + "," + name(first) + "," + place,
                    x -> x.vector().emit(op, target, first, mem));
        } else {
            add(
                    mnemonic(op, vex(op, target)) + " " + name(target) + "," + place,
                    x -> x.vector().emit(op, target, mem));
        }
    }

    private void moves() {
        for (int bytes : new int[] {16, 32, 64}) {
            for (int i = 0; i < NUMBERS.length; i++) {
                Vec a = new Vec(NUMBERS[i], bytes);
                Vec b = new Vec(NUMBERS[(i + 2) % NUMBERS.length], bytes);
                boolean evex = bytes == 64 || a.number() > 15;
                String move = evex ? "vmovdqu32" : "vmovdqu";
                int displacement = 64 * i - 64;
                String place = pointer(bytes) + " PTR [rsi" + (displacement < 0 ? "" : "+") + displacement + "]";
                add(move + " " + name(a) + "," + place, x -> x.vector().load(a, Gp.RSI.at(displacement)));
                add(move + " " + place + "," + name(a), x -> x.vector().store(Gp.RSI.at(displacement), a));
                if (bytes == 64) {
                    String half = "YMMWORD PTR [rsi" + (displacement < 0 ? "" : "+") + displacement + "]";
                    add(
                            "vcvtps2ph " + half + "," + name(a) + ",0",
                            x -> x.vector().storeHalves(Gp.RSI.at(displacement), a));
                    add("vmovntps " + place + "," + name(a), x -> x.vector().storePast(Gp.RSI.at(displacement), a));
                }
                String both = evex || b.number() > 15 ? "vmovdqu32" : "vmovdqu";
                add(both + " " + name(a) + "," + name(b), x -> x.vector().move(a, b));
                add("vpsrlw " + name(a) + "," + name(b) + ",4", x -> x.vector().shiftRight16(a, b, 4));
                add("vpsllw " + name(a) + "," + name(b) + ",9", x -> x.vector().shiftLeft16(a, b, 9));
                add("vpsrld " + name(a) + "," + name(b) + ",12", x -> x.vector().shiftRight32(a, b, 12));
                add("vpsrad " + name(a) + "," + name(b) + ",1", x -> x.vector().shiftRightSigned32(a, b, 1));
                add("vpslld " + name(a) + "," + name(b) + ",16", x -> x.vector().shiftLeft32(a, b, 16));
                add(
                        "vpternlogd " + name(a) + "," + name(b) + "," + name(a) + ",0x78",
                        x -> x.vector().ternary(a, b, a, 0x78));
                add("vpbroadcastd " + name(a) + ",eax", x -> x.vector().broadcast(a, Gp.RAX));
                add("vpbroadcastd " + name(a) + ",r14d", x -> x.vector().broadcast(a, Gp.R14));
            }
        }
    }

    private void masks() {
        for (int k = 1; k < 8; k += 3) {
            int mask = k;
            for (Gp r : List.of(Gp.RAX, Gp.RDI, Gp.R8, Gp.R15)) {
                add(
                        "kmovw k" + k + ","
                                + name(r).replaceAll("^r([a-z]+)$", "e$1").replaceAll("^(r[0-9]+)$", "$1d"),
                        x -> x.vector().mask(mask, r));
            }
            for (int bytes : new int[] {16, 32, 64}) {
                for (int i = 0; i < NUMBERS.length; i++) {
                    masks(mask, new Vec(NUMBERS[i], bytes), new Vec(NUMBERS[(i + 2) % NUMBERS.length], bytes), 64 * i);
                }
            }
        }
        for (ScalarOp op : ScalarOp.values()) {
            for (int[] n : new int[][] {{0, 1, 2}, {9, 3, 12}, {5, 15, 8}}) {
                add(
                        op.name().toLowerCase(Locale.ROOT) + " xmm%d,xmm%d,xmm%d".formatted(n[0], n[1], n[2]),
                        x -> x.vector().scalar(op, Vec.xmm(n[0]), Vec.xmm(n[1]), Vec.xmm(n[2])));
            }
        }
    }

    private void masks(int k, Vec a, Vec b, int displacement) {
        Mem near = Gp.RSI.at(displacement);
        Mem far = Gp.R13.at(Gp.R8, 4).plus(displacement + 4);
        String rsi = " PTR [rsi+" + displacement + "]";
        String r13 = " PTR [r13+r8*4+" + (displacement + 4) + "]";
        String chosen = "{k" + k + "}";
        String pointer = pointer(a.bytes());
        add(
                "vmovdqu32 " + name(a) + chosen + "{z}," + pointer + rsi,
                x -> x.vector().loadPart(a, near, k));
        add(
                "vmovdqu32 " + name(a) + chosen + "{z}," + pointer + r13,
                x -> x.vector().loadPart(a, far, k));
        add(
                "vmovdqu32 " + pointer + rsi + chosen + "," + name(a),
                x -> x.vector().storePart(near, a, k));
        add(
                "vmovdqu32 " + pointer + r13 + chosen + "," + name(a),
                x -> x.vector().storePart(far, a, k));
        add("vmovdqu32 " + name(a) + chosen + "{z}," + name(b), x -> x.vector().movePart(a, b, k));
        add(
                "vcmpps k" + k + "," + name(a) + "," + name(b) + ",5",
                x -> x.vector().compare(k, a, b, 5));
        add(
                "vcmpps k" + k + "," + name(a) + "," + pointer + rsi + ",1",
                x -> x.vector().compare(k, a, near, 1));
        String quarter = pointer(a.bytes() / 4);
        add("vpmovdb " + quarter + rsi + "," + name(a), x -> x.vector().storeBytes(near, a));
        add("vpmovdb " + quarter + r13 + "," + name(a), x -> x.vector().storeBytes(far, a));
    }

    private void tiles() {
        add("tilerelease", x -> x.tiles().release());
        add("ldtilecfg [rdi]", x -> x.tiles().configure(Gp.RDI.at()));
        add("ldtilecfg [r12+64]", x -> x.tiles().configure(Gp.R12.at(64)));
        for (int i = 0; i < 8; i++) {
            int a = i;
            int b = (i + 3) % 8;
            int c = (i + 5) % 8;
            add("tilezero tmm" + a, x -> x.tiles().zero(a));
            add("tdpbusd tmm%d,tmm%d,tmm%d".formatted(a, b, c), x -> x.tiles().dotUnsignedSigned(a, b, c));
            add("tdpbsud tmm%d,tmm%d,tmm%d".formatted(a, b, c), x -> x.tiles().dotSignedUnsigned(a, b, c));
            add("tdpbssd tmm%d,tmm%d,tmm%d".formatted(a, b, c), x -> x.tiles().dotSignedSigned(a, b, c));
            add("tdpbf16ps tmm%d,tmm%d,tmm%d".formatted(a, b, c), x -> x.tiles().dotBfloat16(a, b, c));
            add("tileloadd tmm" + a + ",[rsi+rcx*1]", x -> x.tiles().load(a, Gp.RSI.at(Gp.RCX, 1)));
            add(
                    "tileloadd tmm" + a + ",[r13+r8*2+128]",
                    x -> x.tiles().load(a, Gp.R13.at(Gp.R8, 2).plus(128)));
            add("tilestored [rdx+rax*1],tmm" + a, x -> x.tiles().store(Gp.RDX.at(Gp.RAX, 1), a));
        }
    }
}
