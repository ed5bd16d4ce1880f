package norma.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import norma.array.DType;
import norma.models.GptConfig.Activation;
import norma.models.GptConfig.EmbeddingScale;
import norma.models.GptConfig.Init;
import norma.models.GptConfig.MlpType;
import norma.models.GptConfig.Positions;
import norma.models.GptConfig.Residual;
import norma.nn.NormSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class NormSlotsTest {
  private static final NormSpec DYT = NormSpec.of("dyt");
  private static final int LAYERS = 2;

  @ParameterizedTest
  @EnumSource
  void aModelHasTheSlotThatItsConfigurationNamesAndNoOther(Slot slot) {
    Gpt model = gpt(NormSlots.in(Stream.of(slot), DYT, LAYERS));
    List<String> expected = switch (slot) {
      case QK -> List.of("blocks.0.attn.qk.query", "blocks.0.attn.qk.key", "blocks.1.attn.qk.query",
          "blocks.1.attn.qk.key");
      case FINAL -> List.of("final");
      case EMBEDDING -> List.of("embedding");
      default -> List.of("blocks.0." + slot.path(), "blocks.1." + slot.path());
    };
    assertThat(model.slots()).extracting(NormSlot::name).isEqualTo(expected);
    assertThat(model.parameters()).filteredOn(p -> p.name().endsWith(".alpha")).extracting(p -> p.name())
        .isEqualTo(expected.stream().map(name -> name + ".alpha").toList());
    assertThat(CostModel.of(model, 1, DType.FLOAT32).layers().keySet()).containsAll(expected);
  }

  @Test
  void slotsAreListedInTheOrderOfTheModel() {
    assertThat(gpt(NormSlots.everywhere(DYT, 1)).slots()).extracting(NormSlot::name).containsExactly("embedding",
        "blocks.0.attn.pre", "blocks.0.attn.qk.query", "blocks.0.attn.qk.key", "blocks.0.attn.v",
        "blocks.0.attn.inner", "blocks.0.attn.branch", "blocks.0.attn.post", "blocks.0.mlp.pre", "blocks.0.mlp.inner",
        "blocks.0.mlp.branch", "blocks.0.mlp.post", "final");
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "QK")
  void oneSlotIsChangedByItsName(Slot slot) {
    String name = slot.sublayer().isEmpty() ? slot.path() : "blocks.1." + slot.path();
    NormSlots changed = NormSlots.all(NormSpec.NONE, LAYERS).with(name, DYT);
    assertThat(gpt(changed).slots()).extracting(NormSlot::name).containsExactly(name);
  }

  @ParameterizedTest
  @ValueSource(strings = { "qk", "attn.pre", "blocks.2.attn.pre", "blocks.0.final", "blocks.0.attn.qk.query",
      "blocks.0.mlp.v", "" })
  void whatIsNoSlotIsRefused(String name) {
    assertThatThrownBy(() -> NormSlots.all(DYT, LAYERS).with(name, DYT)).isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no slot " + name);
  }

  @Test
  void aSlotThatIsNotGivenIsEmptyAndOneInTheWrongPlaceIsRefused() {
    NormSlots few = new NormSlots(Map.of(), List.of(Map.of(Slot.ATTN_V, DYT)));
    assertThat(few.of(0, Slot.ATTN_V)).isEqualTo(DYT);
    assertThat(few.of(0, Slot.MLP_INNER)).isEqualTo(NormSpec.NONE);
    assertThat(few.of(Slot.FINAL)).isEqualTo(NormSpec.NONE);
    assertThatThrownBy(() -> new NormSlots(Map.of(Slot.ATTN_V, DYT), List.of()))
        .hasMessage("slot attn.v is in the blocks");
  }

  private static Gpt gpt(NormSlots slots) {
    return new Gpt(new GptConfig(slots.blocks().size(), 2, OptionalInt.empty(), 8, 4, Positions.LEARNED, 4, false, 0,
        Activation.GELU, MlpType.PLAIN, true,
        EmbeddingScale.NONE, Residual.SUM, Activation.NONE, Init.GPT2, slots), 7);
  }
}
