{
  description = "Yoi ships agent configuration safely to the machines that run LLM Workers";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      system = "x86_64-linux";
      build = import ./nix/build.nix {
        pkgs = nixpkgs.legacyPackages.${system};
        source = self;
      };
    in
    {
      packages.${system} = {
        yoi = build.yoi;
        default = build.yoi;
      };
      apps.${system}.default = {
        type = "app";
        program = "${build.yoi}/bin/yoi";
      };
    };
}
