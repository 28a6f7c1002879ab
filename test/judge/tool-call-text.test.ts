import assert from 'node:assert/strict';
import { isToolCallText } from '../../src/judge/tool-call-text.ts';

const call = '{"name": "write_file", "arguments": {"path": "a.txt", "content": "hello"}}';

const calls: Record<string, string> = {
  'bare JSON': call,
  'JSON with parameters': '{"name": "ls", "parameters": {}}',
  'arguments as a string of JSON': '{"name":"ls","arguments":"{\\"path\\":\\".\\"}"}',
  'a list of calls': `[${call}, ${call}]`,
  'a call a line': `${call}\n${call}`,
  'the shape of an API': `{"type":"function","function":${call}}`,
  'a message of an API': `{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":${call}}]}`,
  'an action with its input': '{"action": "search", "action_input": {"query": "x"}}',
  'a fenced block': `\`\`\`json\n${call}\n\`\`\``,
  'a fenced block without a language': `\`\`\`\n${call}\n\`\`\`\n`,
  'tags as Qwen writes them': `<tool_call>\n${call}\n</tool_call>`,
  'several tags': `<tool_call>${call}</tool_call>\n<tool_call>${call}</tool_call>`,
  'tags that were not closed': `<tool_call>\n${call}`,
  'a few words before the tags': `I will write the file now.\n<tool_call>${call}</tool_call>`,
  'tags as Llama writes them': '<function=write_file>{"path": "a.txt"}</function>',
  'tags as Mistral writes them': '[TOOL_CALLS] [{"name": "ls", "arguments": {}}]',
  'tags as Granite writes them': `<|tool_call|>[${call}]`,
  'tags as Phi writes them': `<|tool_call|>${call}<|/tool_call|>`,
  'the channel of gpt-oss': '<|channel|>commentary to=functions.ls <|constrain|>json<|message|>{}<|call|>',
  // https://github.com/MiniMax-AI/MiniMax-M3/issues/31, https://github.com/github/app/issues/2128
  'tokens of MiniMax M3':
    'Let me read it.]<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name="read_file">]<]minimax[>[</invoke>\n]<]minimax[>[</tool_call>',
  'the end of a call of MiniMax M3': ']<]minimax[>[</initial_wait>]<]minimax[>[\n]<]minimax[>[</tool_call>',
  'tags of MiniMax M2':
    '<minimax:tool_call>\n<invoke name="ls">\n<parameter name="p">.</parameter>\n</invoke>\n</minimax:tool_call>',
  // https://github.com/vllm-project/vllm/issues/51701
  'a token of GigaChat': `I'll check that.<|function_call|>${call}`,
  'a header of GigaChat 3': `I'll check that.<|message_sep|>\n\nfunction call<|role_sep|>\n${call}`,
  // https://github.com/vllm-project/vllm/pull/28543
  'tokens of Kimi K2':
    'I look. <|tool_calls_section_begin|> <|tool_call_begin|> functions.ls:0 <|tool_call_argument_begin|> {"path": "/"} <|tool_call_end|> <|tool_calls_section_end|>',
  // https://github.com/vllm-project/vllm-ascend/issues/9767
  'tags of DeepSeek V4':
    'I look.\n<｜DSML｜tool_calls>\n<｜DSML｜invoke name="ls">\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>',
  'the channel of gpt-oss without its tokens': 'commentary to=functions.search json{"q":"x"}',
  // https://github.com/vllm-project/vllm/pull/44171
  'a header of HyperCLOVA X': `assistant -> tool/function_call\n[${call}]`,
  'words of Qwen': '✿FUNCTION✿: ls\n✿ARGS✿: {"path": "."}',
  'Japanese words before it': `ファイルを書き込みます。\n<tool_call>${call}</tool_call>`,
};

const answers: Record<string, string> = {
  nothing: '',
  'plain text': 'The answer is 42.',
  'other JSON': '{"name": "Ada", "born": 1815}',
  'a person with parameters of another kind': '{"name": "Ada", "parameters": "none", "age": 36}',
  'a record that has arguments and more':
    '{"name": "ls", "arguments": {"path": "."}, "description": "lists files", "since": "1.0"}',
  'a name that is a sentence': '{"name": "The quick fox", "arguments": {"a": 1}}',
  'a list of names': '["a", "b"]',
  'an empty list': '[]',
  'an explanation of tool calls': `A model calls a tool with JSON such as\n\n\`\`\`json\n${call}\n\`\`\`\n\nThe runner then executes it.`,
  'tags quoted in code': 'Qwen wraps its calls in `<tool_call>` tags.',
  'tags in a fenced block': `This is the markup:\n\`\`\`\n<tool_call>${call}</tool_call>\n\`\`\``,
  'a long answer about the markup': `<tool_call>${call}</tool_call>\n${'This is what such a call looks like in full. '.repeat(10)}`,
  'code with a JSON call in it': `\`\`\`js\nconst call = ${call};\n\`\`\``,
  'a number': '7',
  'an explanation of a token': 'A call begins with <|tool_call_begin|> and ends with <|tool_call_end|>.',
  'a word that begins so': 'commentary to the third chapter: it is too long.',
  'a schema of a tool': '{"name": "ls", "parameters": {"type": "object"}, "description": "lists"}',
};

describe('a tool call printed as text', () => {
  for (const [form, text] of Object.entries(calls))
    it(`is seen as ${form}`, () => assert.equal(isToolCallText(text), true));
});

describe('an answer that is no tool call', () => {
  for (const [form, text] of Object.entries(answers))
    it(`may be ${form}`, () => assert.equal(isToolCallText(text), false));
});
