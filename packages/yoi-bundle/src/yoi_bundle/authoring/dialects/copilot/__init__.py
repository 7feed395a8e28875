"""Reader of GitHub Copilot's and VS Code's agents, instructions and prompts."""
