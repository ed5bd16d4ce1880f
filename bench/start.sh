# Sourced by the scripts of this folder and by fuzz/run, whose module the name of the script begins with: finds the JDK as the launcher
# does, builds what is older than its sources, and makes a launcher that starts any main class with the product's own flags, class path
# and environment.

home=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
module=${name%%/*}
target=$home/$module/target

export NORMA_BENCH_HOME=$home
# The launcher, as if called in its own folder.
launcher_text() {
  sed 's|^source_path=${BASH_SOURCE\[0\]}$|source_path=$NORMA_BENCH_HOME/norma|' "$home/norma"
}

eval "$(launcher_text | sed '/^if .*\/lib\/commit/,$d')" # its functions
find_java javac

fail() {
  echo "$name: $1" >&2
  exit 2
}
[ -x "${jdk:-}/bin/java" ] || fail "the launcher norma finds its JDK otherwise than before: adapt bench/start.sh"

out_of_date() {
  [ -f "$target/$module.classpath" ] || return 0
  [ -n "$(find "$home/pom.xml" "$home"/{framework,models,train,"$module"}/{pom.xml,src/main} \
    -newer "$target/$module.classpath" -print -quit)" ]
}

if out_of_date; then
  first=
  [ "$module" != bench ] || first=" (the first time downloads PyTorch's library and MKL, 250 MB)"
  echo "$name: building$first" >&2
  mkdir -p "$home/target"
  log=$home/target/$module-build.log
  lock "$home/target" # the launcher's: a start meanwhile would build beside this
  rm -f "$home"/{train/target/norma-train,models/target/norma-models,framework/target/norma-framework}.jar # a process that has them open keeps what it has
  : >"$home/target/$module-build.start" # what is saved while Maven works is newer
  if ! (cd "$home" && JAVA_HOME=$jdk ./mvnw -B -q "-P$module" -pl "$module" -am -Dmaven.test.skip=true package) >"$log" 2>&1; then
    grep -m 5 'ERROR' "$log" >&2 || tail -n 5 "$log" >&2
    fail "the build failed; the whole log is $log"
  fi
  touch -r "$home/target/$module-build.start" "$home/train/target/norma.classpath" "$target/$module.classpath"
  unlock
fi

# The launcher with the main class as first argument. Norma's side runs exactly as `norma train` does, whatever that becomes.
launcher=$target/launch
launcher_text | sed 's| norma\.train\.cli\.Main "$@"$| "$@"|' >"$launcher"
[ "$(diff "$home/norma" "$launcher" | grep -c '^>')" = 2 ] ||
  fail "the launcher norma has changed its first or its last line: adapt bench/start.sh"
chmod +x "$launcher"

commit=$(git -C "$home" --git-dir=.git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)
