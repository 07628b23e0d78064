// The same rules, and those for TypeScript; by itself because its parser takes seconds to load.
import typescript from "typescript-eslint";

import rules from "./javascript.mjs";

const files = ["**/*.ts", "**/*.mts", "**/*.cts", "**/*.tsx"];

export default [
  ...rules,
  ...typescript.configs.recommended.map((config) => ({ ...config, files })),
  {
    files,
    rules: {
      // The compiler knows them better.
      "no-undef": "off",
      "no-unused-vars": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", caughtErrors: "none" }],
    },
  },
];
