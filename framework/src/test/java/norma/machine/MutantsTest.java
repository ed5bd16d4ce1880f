package norma.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Assemblers with a fault each: a constant off by its last bit, another operator, a condition turned round. The encodings that the other
/// tests compare must tell every one of them from the right one.
class MutantsTest {
  private static final int ROUNDS = 12;
  private static final int NONE = -1;
  /// They make room, fill up, wait for labels or keep registers: a fault there is no other encoding, or never ends.
  private static final Set<String> LEFT_OUT = Set.of("<init>", "<clinit>", "code", "align", "bytes", "bind", "begin",
      "end");
  /// They are no faults: bits that are cut off or the same anyway, room for jumps, what stands in a jump until its label is known, and the
  /// mask of AVX-512 where the code is AVX2.
  private static final List<String> HARMLESS = List.of("at constant 1", "vmovups constant 0", "vmovups constant 0",
      "select constant 0",
      "push constant 0",
      "pop constant 0", "prefetcht0 constant 1", "jump constant 2", "jump constant -1", "jump constant 0",
      "evex constant -1",
      "evex constant -1", "evex constant 16", "map constant 65535");
  private static final Map<Opcode, Opcode> OTHERS = Map.of(Opcode.IAND, Opcode.IOR, Opcode.IOR, Opcode.IAND,
      Opcode.ISHL, Opcode.ISHR, Opcode.ISHR, Opcode.ISHL, Opcode.IUSHR, Opcode.ISHL, Opcode.IADD, Opcode.ISUB,
      Opcode.ISUB, Opcode.IADD, Opcode.IXOR, Opcode.IAND, Opcode.IDIV, Opcode.IMUL, Opcode.IREM, Opcode.IDIV);
  private static final Map<Opcode, Opcode> OPPOSITES = Map.of(Opcode.IFEQ, Opcode.IFNE, Opcode.IFNE, Opcode.IFEQ,
      Opcode.IF_ICMPEQ, Opcode.IF_ICMPNE, Opcode.IF_ICMPNE, Opcode.IF_ICMPEQ, Opcode.IF_ICMPLT, Opcode.IF_ICMPGE,
      Opcode.IF_ICMPGE, Opcode.IF_ICMPLT);

  /// Puts all faults into the class, each beside what it replaces; a number says which of them is there.
  private static final class Faults implements CodeTransform {
    private static final ClassDesc NUMBER = ClassDesc.of(AtomicInteger.class.getName());

    private final List<String> names = new ArrayList<>();
    private String method = "";

    @Override
    public void accept(CodeBuilder code, CodeElement element) {
      switch (element) {
        case ConstantInstruction c when c.constantValue() instanceof Integer value ->
          either(code, element, "constant " + value, fault -> fault.loadConstant(value ^ 1));
        case OperatorInstruction o when OTHERS.containsKey(o.opcode()) ->
          either(code, element, "operator " + o.opcode(),
              fault -> fault.with(OperatorInstruction.of(OTHERS.get(o.opcode()))));
        case BranchInstruction b when OPPOSITES.containsKey(b.opcode()) ->
          either(code, element, "condition " + b.opcode(),
              fault -> fault.with(BranchInstruction.of(OPPOSITES.get(b.opcode()), b.target())));
        default -> code.with(element);
      }
    }

    private void either(CodeBuilder code, CodeElement sound, String what, Consumer<CodeBuilder> fault) {
      code.getstatic(ClassDesc.of(All.class.getName()), "FAULT", NUMBER)
          .invokevirtual(NUMBER, "get", MethodTypeDesc.of(ConstantDescs.CD_int))
          .loadConstant(names.size()).ifThenElse(Opcode.IF_ICMPEQ, fault::accept, block -> block.with(sound));
      names.add(method + " " + what);
    }

    byte[] putInto(byte[] original) {
      ClassFile classes = ClassFile.of();
      return classes.transformClass(classes.parse(original), ClassTransform.transformingMethodBodies(m -> {
        method = m.methodName().stringValue();
        return !LEFT_OUT.contains(method);
      }, this));
    }
  }

  /// The package's classes anew, with another assembler.
  private static final class Loader extends ClassLoader {
    private final byte[] assembler;

    Loader(byte[] assembler) {
      super(MutantsTest.class.getClassLoader());
      this.assembler = assembler;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith("norma.machine.")) {
        return super.loadClass(name, resolve);
      }
      Class<?> loaded = findLoadedClass(name);
      if (loaded != null) {
        return loaded;
      }
      try {
        byte[] bytes = name.equals(Assembler.class.getName()) ? assembler : bytes(name);
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }

    static byte[] bytes(String name) throws IOException {
      try (var in = MutantsTest.class.getResourceAsStream("/" + name.replace('.', '/') + ".class")) {
        return in.readAllBytes();
      }
    }
  }

  /// What the encodings' test compares, by the assembler with one of the faults.
  public static final class All implements IntFunction<String> {
    static final AtomicInteger FAULT = new AtomicInteger();

    @Override
    public String apply(int fault) {
      FAULT.set(fault);
      StringBuilder all = new StringBuilder();
      for (InstructionSet set : InstructionSet.values()) {
        Encodings.of(set, ROUNDS).forEach(line -> all.append(HexFormat.of().formatHex(line.code())));
      }
      return all.toString();
    }
  }

  private static boolean isFound(int fault, IntFunction<?> all, Object sound) {
    try {
      return !sound.equals(all.apply(fault));
    } catch (RuntimeException e) { // so are those that cannot run
      return true;
    }
  }

  @Test
  void everyFaultOfTheAssemblerChangesAnEncoding() throws Exception {
    Faults faults = new Faults();
    Loader loader = new Loader(faults.putInto(Loader.bytes(Assembler.class.getName())));
    var all = (IntFunction<?>) loader.loadClass(All.class.getName()).getDeclaredConstructor().newInstance();
    String sound = new All().apply(NONE);
    assertThat(isFound(NONE, all, sound)).isFalse();
    List<String> survivors = IntStream.range(0, faults.names.size()).filter(fault -> !isFound(fault, all, sound))
        .mapToObj(faults.names::get).toList();
    assertThat(survivors).containsExactlyInAnyOrderElementsOf(HARMLESS);
    assertThat(faults.names).hasSizeGreaterThan(150);
  }
}
