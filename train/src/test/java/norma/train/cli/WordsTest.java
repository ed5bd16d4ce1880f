package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WordsTest {

  @Test
  void anExistingFileIsAFileWhateverItIsCalled(@TempDir Path temp) throws Exception {
    Path folder = Files.createDirectory(temp.resolve("lr=1e-3"));
    String inside = Files.createFile(folder.resolve("run.yaml")).toString();
    String itself = Files.createFile(temp.resolve("a=b.yaml")).toString();
    Words words = Words.of(List.of(inside, "optim.lr=1e-3", itself));
    assertThat(words.files()).containsExactly(inside, itself);
    assertThat(words.settings()).containsExactly("optim.lr=1e-3");
  }

  @Test
  void otherWordsWithAnEqualsSignAreSettings(@TempDir Path temp) throws Exception {
    String folder = Files.createDirectory(temp.resolve("a=b")).toString();
    List<String> settings = List.of("name=x", folder, temp.resolve("a=b/gone.yaml").toString(), "data.corpus=a\0b");
    assertThat(Words.of(settings).settings()).isEqualTo(settings);
    assertThat(Words.of(List.of("gone.yaml")).files()).containsExactly("gone.yaml");
  }

  @Test
  void aFileThatNormaBringsIsFoundFromAnywhere() {
    assertThat(Words.find("configs/char-cpu.yaml")).exists();
  }
}
