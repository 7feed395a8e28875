{
  # Stands in for nixpkgs where that cannot be reached: the few names that build.nix takes from it, made of the Python and
  # the shell of this host. Nothing is isolated; use it to see that the flake builds, not to ship what it builds.
  description = "The host's own Python in the place of nixpkgs";

  outputs =
    { self }:
    let
      system = "x86_64-linux";
      prefix = builtins.getEnv "YOI_HOST_PYTHON_PREFIX";
      version = builtins.getEnv "YOI_HOST_PYTHON_VERSION";
      python3 = {
        inherit version;
        outPath = prefix;
      };
      mkDerivation =
        attributes:
        derivation (
          removeAttrs attributes [ "buildCommand" ]
          // {
            inherit system;
            builder = "/bin/bash";
            args = [
              "-euc"
              attributes.buildCommand
            ];
            PATH = "${prefix}/bin:/usr/bin:/bin";
          }
        );
    in
    {
      legacyPackages.${system} = {
        inherit python3;
        autoPatchelfHook = "";
        stdenv = {
          inherit mkDerivation;
          cc.cc.lib = "";
        };
      };
    };
}
