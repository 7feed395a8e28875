# Three steps: the third-party wheels that requirements/runtime.txt pins by hash, our own wheels, one environment of both.
{ pkgs, source }:
let
  python = pkgs.python3;
  version = builtins.head (builtins.match "([0-9]+[.][0-9]+).*" python.version);
  hashes = builtins.fromJSON (builtins.readFile ./wheelhouse-hashes.json);
  packages = "yoi-bundle yoi-wire worker-runtime yoi-workspace-server yoi";

  # The only step with a network. Its content is fixed by the hash of each wheel, and by the hash of them all.
  wheelhouse = pkgs.stdenv.mkDerivation {
    name = "yoi-wheelhouse-${version}";
    outputHashMode = "recursive";
    outputHashAlgo = "sha256";
    outputHash = hashes.${version} or (throw "nix/wheelhouse-hashes.json has no hash for Python ${version}");
    impureEnvVars = [
      "PIP_CERT"
      "PIP_EXTRA_INDEX_URL"
      "PIP_INDEX_URL"
      "SSL_CERT_FILE"
      "http_proxy"
      "https_proxy"
      "no_proxy"
    ];
    buildCommand = ''
      export HOME="$PWD"
      ${python}/bin/python3 -m venv builder
      builder/bin/python -m pip -qq --disable-pip-version-check --no-cache-dir download --no-deps --only-binary :all: \
        --require-hashes --requirement ${source}/requirements/runtime.txt --dest "$out"
    '';
  };

  wheels = pkgs.stdenv.mkDerivation {
    name = "yoi-wheels";
    buildCommand = ''
      export HOME="$PWD"
      ${python}/bin/python3 -m venv builder
      builder/bin/python -m pip -qq --disable-pip-version-check install --no-index --find-links ${wheelhouse} uv-build
      cp -r ${source}/packages packages
      chmod -R u+w packages
      for package in ${packages}; do
        PATH="$PWD/builder/bin:$PATH" builder/bin/python -m pip -qq --disable-pip-version-check wheel --no-index --no-deps \
          --no-build-isolation --wheel-dir "$out" "packages/$package"
      done
    '';
  };
in
{
  inherit wheelhouse wheels;

  yoi = pkgs.stdenv.mkDerivation {
    name = "yoi";
    nativeBuildInputs = [ pkgs.autoPatchelfHook ];
    buildInputs = [ pkgs.stdenv.cc.cc.lib ];
    buildCommand = ''
      export HOME="$PWD"
      ${python}/bin/python3 -m venv "$out/environment"
      "$out/environment/bin/python" -m pip -qq --disable-pip-version-check install --no-index --no-compile \
        --find-links ${wheelhouse} --find-links ${wheels} ${packages}
      if type autoPatchelf > /dev/null 2>&1; then autoPatchelf "$out/environment/lib"; fi
      mkdir -p "$out/bin"
      ln -s "$out/environment/bin/yoi" "$out/bin/yoi"
      "$out/bin/yoi" --version
      "$out/bin/yoi" bundle lint ${source}/examples/library > /dev/null
    '';
  };
}
