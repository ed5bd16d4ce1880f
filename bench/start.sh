# Sourced by the scripts of this folder and by fuzz/run, whose module the name of the script begins with: finds the JDK as the launcher
# does, and builds what is older than its sources.

home=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
module=${name%%/*}
target=$home/$module/target

# The launcher's functions, as if it were called in its own folder.
eval "$(sed -e 's|^source_path=${BASH_SOURCE\[0\]}$|source_path=$home/norma|' -e '/^if .*\/lib\/commit/,$d' "$home/norma")"
find_java javac

fail() {
  echo "$name: $1" >&2
  exit 2
}
[ -x "${jdk:-}/bin/java" ] && [ -x "$home/norma" ] ||
  fail "the launcher norma finds its home or its JDK otherwise than before: adapt bench/start.sh"

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

commit=$(git -C "$home" --git-dir=.git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)
