/** Texts of the kinds that prompts are made of: a sample of each, repeated with a number so that no two parts are alike. */

const SAMPLES = {
  prose:
    'When the ship had been made fast, the captain went ashore to look for the harbour master, whose office stood at the end of a long stone pier. Nobody answered his knock. Through the window he saw a table, two chairs, and a lamp that was still burning although the sun had risen hours ago. "He cannot be far," said the mate, who had followed him; yet they waited until noon, and no one came.',
  code: 'export const settleOutcome = async (task: TaskFile, seen: Seen): Promise<RunOutcome> => {\n  const { error, usage } = seen;\n  if (error === null) return { ok: true, usage };\n  for (const attempt of task.attempts.filter(({ charged }) => charged)) {\n    await appendFile(attempt.logPath, `${attempt.id}: ${error.code}\\n`);\n  }\n  return { ok: false, error, usage: usage ?? null };\n};\n',
  python:
    'def read_lines(path: str, *, encoding: str = "utf-8") -> list[str]:\n    """Return the lines of a file without their ends."""\n    result = []\n    with open(path, encoding=encoding) as handle:\n        for number, line in enumerate(handle, start=1):\n            if not line.strip():\n                continue\n            result.append(f"{number:>6}: {line.rstrip()}")\n    return result\n\n',
  japanese:
    '港に船が着くと、船長は岸に上がり、長い石の桟橋の端にある事務所へ港長を探しに行った。扉を叩いても返事はない。窓から覗くと、机が一つ、椅子が二つ、そして日が昇って何時間も経つのにまだ灯っているランプが見えた。「遠くには行っていないはずだ」と航海士は言ったが、正午まで待っても誰も来なかった。',
  chinese:
    '船靠岸以后，船长上岸去找港务长，他的办公室在一条长长的石头码头的尽头。没有人应门。透过窗户，他看见一张桌子、两把椅子，还有一盏灯，虽然太阳几个小时前就已经升起，灯却仍然亮着。“他不会走远的，”跟在后面的大副说；可是他们一直等到中午，也没有人来。',
  korean:
    '배가 항구에 닿자 선장은 뭍에 올라 긴 돌 부두 끝에 있는 사무실로 항만장을 찾아갔다. 문을 두드려도 대답이 없었다. 창문으로 들여다보니 책상 하나와 의자 두 개, 그리고 해가 뜬 지 몇 시간이 지났는데도 아직 켜져 있는 등불이 보였다. 정오까지 기다렸지만 아무도 오지 않았다.',
  russian:
    'Когда корабль пришвартовали, капитан сошёл на берег и отправился искать начальника порта, чья контора стояла в конце длинного каменного причала. На стук никто не ответил. В окно он увидел стол, два стула и лампу, которая всё ещё горела, хотя солнце взошло несколько часов назад. Они ждали до полудня, но никто не пришёл.',
  german:
    'Als das Schiff festgemacht war, ging der Kapitän an Land, um den Hafenmeister zu suchen, dessen Dienstzimmer am Ende einer langen steinernen Mole lag. Niemand antwortete auf sein Klopfen. Durch das Fenster sah er einen Tisch, zwei Stühle und eine Petroleumlampe, die noch brannte, obwohl die Sonne schon vor Stunden aufgegangen war.',
  table:
    '| name                         | owner                | state      |    bytes |\n| ---------------------------- | -------------------- | ---------- | -------: |\n| harbour-master-office        | captain              | waiting    |    12045 |\n| lamp                         | nobody               | burning    |      311 |\n| table-and-two-chairs         | harbour master       | empty      |   900017 |\n',
  json: '{"id":"task_20260101_000000","type":"general","status":"completed","attempts":[{"attempt":1,"worker_id":"w-7f3a","started_at":"2026-01-01T00:00:00.000Z","charged":true,"error":null}],"labels":{"team":"harbour","kind":"nightly"},"priority":5}\n',
  log: '2026-01-01T08:15:42.731Z INFO  [worker-3] task_ended id=task_20260101_000000 state=completed took=12.4s bytes=20481\n2026-01-01T08:15:43.002Z WARN  [worker-1] endpoint_down endpoint=local reason="connect ECONNREFUSED 127.0.0.1:11434"\n',
  csv: '1042,harbour,2026-01-01,53.5511,9.9937,12.50,true\n1043,lighthouse,2026-01-02,54.1834,7.9153,8.25,false\n1044,shipyard,2026-01-03,53.8655,8.7073,19.00,true\n',
} as const;

export type Kind = keyof typeof SAMPLES;
export const KINDS = Object.keys(SAMPLES) as Kind[];

const LETTERS = 9000;

export const textOf = (kind: Kind): string => {
  const parts: string[] = [];
  for (let length = 0, nth = 1; length < LETTERS; nth += 1) {
    const part = `${nth}. ${SAMPLES[kind]}\n`;
    parts.push(part);
    length += part.length;
  }
  return parts.join('');
};

/**
 * Tokens of these texts as counted by real tokenizers: o200k and cl100k by gpt-tokenizer 4.0.0 (gpt-oss and models
 * before it), Llama 3 by llama3-tokenizer-js, Llama 2 (Mistral 7B and others of 32 000 tokens) by llama-tokenizer-js.
 */
export const TOKENIZERS = ['o200k', 'cl100k', 'Llama 3', 'Llama 2'] as const;
export const MEASURED: Readonly<Record<Kind, readonly [number, number, number, number]>> = {
  prose: [2093, 2093, 2093, 2246],
  code: [2520, 2496, 2496, 3088],
  python: [2208, 2184, 2184, 2752],
  japanese: [7930, 10126, 6954, 11399],
  chinese: [7384, 10792, 7455, 13269],
  korean: [5643, 8664, 5472, 13672],
  russian: [2576, 4284, 2772, 3408],
  german: [2133, 2592, 2565, 2638],
  table: [1794, 1771, 1771, 2430],
  json: [3145, 3071, 3071, 4284],
  log: [3724, 3724, 3724, 5388],
  csv: [4902, 4902, 4902, 7459],
};
