// Programs to copy: how a provider is called through this gateway.

import { urlOf } from "./api.js";
import { codeBlock, tabs } from "./ui.js";

// A model that each provider is known to run. Where the name is the account's own (a deployment), it says so.
export const SAMPLE_MODELS = {
  openai: "gpt-4.1-mini",
  "openai-responses": "gpt-5.4",
  anthropic: "claude-sonnet-4-6",
  openrouter: "openai/gpt-5.4",
  chutes: "deepseek-ai/DeepSeek-V3.2",
  aws: "anthropic.claude-sonnet-4-5-20250929-v1:0",
  azure: "your-deployment",
  "azure-responses": "your-deployment",
  "azure-anthropic-foundry": "claude-sonnet-4-6",
  google: "gemini-2.5-flash",
  groq: "openai/gpt-oss-120b",
  nvidia: "meta/llama-3.3-70b-instruct",
  sambanova: "Meta-Llama-3.3-70B-Instruct",
  vercel: "openai/gpt-5.4",
  novita: "deepseek/deepseek-v3.2",
  akash: "meta-llama/Llama-3.3-70B-Instruct",
  zai: "glm-5.2",
  gmicloud: "zai-org/GLM-5.2-FP8",
  cerebras: "gpt-oss-120b",
  deepinfra: "deepseek-ai/DeepSeek-V3.2",
  meganova: "deepseek-ai/DeepSeek-V3.2",
  siliconflow: "deepseek-ai/DeepSeek-V3.2",
};

/** Return tabs with the same call in curl, Python and JavaScript. */
export function callExamples(provider, teamId) {
  const programs = provider.kind === "chat" ? chatPrograms(provider, teamId) : searchPrograms(provider);
  return tabs(
    "Language",
    Object.entries(programs).map(([label, text]) => ({ label, content: () => codeBlock(text, `${label} example`) })),
  );
}

function chatPrograms({ slug }, teamId) {
  const base = urlOf("/api/v1").href;
  const model = SAMPLE_MODELS[slug] ?? "the-model";
  const headers = { "x-use-byok": "true", "x-byok-provider": slug, ...(teamId ? { "x-team-id": teamId } : {}) };
  const inCurl = Object.entries(headers).map(([name, value]) => `  -H '${name}: ${value}' \\`);
  const inObject = Object.entries(headers).map(([name, value]) => `"${name}": "${value}"`).join(", ");
  return {
    curl: [
      `curl ${base}/chat/completions \\`,
      '  -H "Authorization: Bearer $OWNKEY" \\',
      "  -H 'Content-Type: application/json' \\",
      ...inCurl,
      `  -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello"}]}'`,
    ].join("\n"),
    Python: [
      "import os",
      "from openai import OpenAI",
      "",
      "client = OpenAI(",
      `    base_url="${base}",`,
      '    api_key=os.environ["OWNKEY"],',
      `    default_headers={${inObject}},`,
      ")",
      "answer = client.chat.completions.create(",
      `    model="${model}",`,
      '    messages=[{"role": "user", "content": "Hello"}],',
      ")",
      "print(answer.choices[0].message.content)",
    ].join("\n"),
    JavaScript: [
      'import OpenAI from "openai";',
      "",
      "const client = new OpenAI({",
      `  baseURL: "${base}",`,
      "  apiKey: process.env.OWNKEY,",
      `  defaultHeaders: { ${inObject} },`,
      "});",
      "const answer = await client.chat.completions.create({",
      `  model: "${model}",`,
      '  messages: [{ role: "user", content: "Hello" }],',
      "});",
      "console.log(answer.choices[0].message.content);",
    ].join("\n"),
  };
}

function searchPrograms({ slug }) {
  const url = urlOf("/api/web").href;
  const body = `{"query": "What is new in astronomy?", "provider": "${slug}"}`;
  return {
    curl: [
      `curl ${url} \\`,
      '  -H "Authorization: Bearer $OWNKEY" \\',
      "  -H 'Content-Type: application/json' \\",
      "  -H 'x-use-byok: true' \\",
      `  -d '${body}'`,
    ].join("\n"),
    Python: [
      "import os",
      "import requests",
      "",
      "answer = requests.post(",
      `    "${url}",`,
      '    headers={"Authorization": f"Bearer {os.environ[\'OWNKEY\']}", "x-use-byok": "true"},',
      `    json=${body},`,
      "    timeout=60,",
      ")",
      'print(answer.json()["data"])',
    ].join("\n"),
    JavaScript: [
      `const answer = await fetch("${url}", {`,
      '  method: "POST",',
      "  headers: {",
      "    Authorization: `Bearer ${process.env.OWNKEY}`,",
      '    "Content-Type": "application/json",',
      '    "x-use-byok": "true",',
      "  },",
      `  body: JSON.stringify(${body}),`,
      "});",
      "console.log((await answer.json()).data);",
    ].join("\n"),
  };
}
