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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Assemblers with a fault each: a constant off by its last bit, another operator, a condition turned round. The encodings that the other
/// tests compare must tell every one of them from the right one.
class MutantsTest {
  private static final int ROUNDS = 12;
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

  /// One place in the class, found again by its number.
  private static final class Site implements CodeTransform {
    private final int wanted;
    private int number;
    private String method = "";
    private @Nullable String name;

    Site(int wanted) {
      this.wanted = wanted;
    }

    @Override
    public void accept(CodeBuilder code, CodeElement element) {
      switch (element) {
        case ConstantInstruction c when c.constantValue() instanceof Integer value && here("constant " + value) ->
          code.loadConstant((Integer) (value ^ 1));
        case OperatorInstruction o when OTHERS.containsKey(o.opcode()) && here("operator " + o.opcode()) ->
          code.with(OperatorInstruction.of(OTHERS.get(o.opcode())));
        case BranchInstruction b when OPPOSITES.containsKey(b.opcode()) && here("condition " + b.opcode()) ->
          code.with(BranchInstruction.of(OPPOSITES.get(b.opcode()), b.target()));
        default -> code.with(element);
      }
    }

    private boolean here(String what) {
      if (number++ != wanted) {
        return false;
      }
      name = method + " " + what;
      return true;
    }

    byte[] apply(byte[] original) {
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

  /// What the encodings' test compares.
  public static final class All implements IntFunction<String> {
    @Override
    public String apply(int rounds) {
      StringBuilder all = new StringBuilder();
      for (InstructionSet set : InstructionSet.values()) {
        Encodings.of(set, rounds).forEach(line -> all.append(HexFormat.of().formatHex(line.code())));
      }
      return all.toString();
    }
  }

  /// What the real assembler makes, by the rounds.
  private static final Map<Integer, String> SOUND = new HashMap<>();

  /// Most faults show at once.
  private static boolean isFound(byte[] assembler) throws ReflectiveOperationException {
    var all = (IntFunction<?>) new Loader(assembler).loadClass(All.class.getName()).getDeclaredConstructor()
        .newInstance();
    try {
      for (int rounds : new int[]{ 1, ROUNDS }) {
        if (!SOUND.computeIfAbsent(rounds, new All()::apply).equals(all.apply(rounds))) {
          return true;
        }
      }
      return false;
    } catch (RuntimeException | VerifyError e) { // so are those that cannot run
      return true;
    }
  }

  @Test
  void everyFaultOfTheAssemblerChangesAnEncoding() throws Exception {
    byte[] original = Loader.bytes(Assembler.class.getName());
    assertThat(isFound(original)).isFalse();
    List<String> survivors = new ArrayList<>();
    int mutants = 0;
    for (;; mutants++) {
      Site site = new Site(mutants);
      byte[] mutant = site.apply(original);
      if (site.name == null) {
        break;
      }
      if (!isFound(mutant)) {
        survivors.add(site.name);
      }
    }
    assertThat(survivors).containsExactlyInAnyOrderElementsOf(HARMLESS);
    assertThat(mutants).isGreaterThan(150);
  }
}
