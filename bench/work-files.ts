/** What the programs of `npm run bench -- systems` are given: made here, the same at each launch. */

const FUNCTIONS = 800;

/** A function of C as people write them: structures, a loop with a switch, calls of others, numbers and texts. */
function cFunction(number: number): string {
  const other = (number * 37) % Math.max(1, number);
  return `
/* Steps of kind ${number % 9}. */
static int step_${number}(struct item *item, const char *text, unsigned count)
{
	unsigned i, sum = ${number}u;
	struct item *next;

	for (i = 0; i < count; i++) {
		switch ((item->kind + i) % 7) {
		case 0:
			sum += item->size * ${(number % 13) + 2};
			break;
		case 1:
			sum ^= sum << ${(number % 5) + 1};
			break;
		case 2:
			if (text[i % 16] == '${String.fromCharCode(97 + (number % 26))}')
				return -1;
			/* fall through */
		case 3:
			item->history[i & 15] = (unsigned short)sum;
			continue;
		default:
			sum -= (unsigned)item->history[(i + 1) & 15] >> 2;
		}
		for (next = item->next; next; next = next->next)
			if (next->kind == ${number % 11})
				sum += next->size ? sum / next->size : 1;
	}
	if (sum > ${1000 + number} && item->name[0])
		item->name = "item ${number}";
	return ${number === 0 ? "(int)sum" : `step_${other}(item, text, count - 1) + (int)sum`};
}
`;
}

/** Some 27,000 lines of C that need no header, for `tcc -c`. */
export function cSource(): string {
  const functions = Array.from({ length: FUNCTIONS }, (_, number) => cFunction(number)).join("");
  const table = Array.from({ length: FUNCTIONS }, (_, number) => `\tstep_${number},\n`).join("");
  return `struct item {
	struct item *next;
	const char *name;
	unsigned kind, size;
	unsigned short history[16];
};
${functions}
int (*const steps[])(struct item *, const char *, unsigned) = {
${table}};
`;
}

/** Tables, strings, closures, floating point and a sort. */
export const LUA_SOURCE = `local function sieve(limit)
  local composite, count = {}, 0
  for i = 2, limit do
    if not composite[i] then
      count = count + 1
      for j = i * i, limit, i do composite[j] = true end
    end
  end
  return count
end
local function words(count)
  local seed, list, seen = 7, {}, {}
  for i = 1, count do
    seed = (seed * 16807) % 2147483647
    local word = string.format("%x", seed):sub(1, 4)
    seen[word] = (seen[word] or 0) + 1
    list[#list + 1] = word
  end
  table.sort(list)
  return list[1] .. list[#list] .. seen[list[1]]
end
local function orbit(steps)
  local x, y, vx, vy = 1.0, 0.0, 0.0, 1.0
  for i = 1, steps do
    local r = math.sqrt(x * x + y * y)
    local pull = -1 / (r * r * r)
    vx, vy = vx + x * pull * 0.001, vy + y * pull * 0.001
    x, y = x + vx * 0.001, y + vy * 0.001
  end
  return string.format("%.9f", x)
end
local function compose(depth)
  local f = function(x) return x end
  for i = 1, depth do
    local g = f
    f = function(x) return g(x) + i end
  end
  return f
end
local total = 0
for i = 1, 300 do total = total + compose(100)(i) end
print(sieve(100000), words(20000), orbit(100000), total)
`;

/** Rows, an index, joins, changes and a sort, in memory. */
export const SQL_SOURCE = `CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, age INTEGER, city INTEGER);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
  INSERT INTO people SELECT i, 'person ' || (i * 7919 % 10007), i * 31 % 90, i % 97 FROM n;
COMMIT;
CREATE INDEX by_name ON people (name);
SELECT count(*), sum(a.age * b.age) FROM people a JOIN people b ON a.name = 'person ' || (b.id % 4000);
UPDATE people SET age = age + 1 WHERE city % 3 = 0;
DELETE FROM people WHERE name LIKE '%99%';
SELECT city, count(*), avg(age) FROM people GROUP BY city ORDER BY 3, 1 LIMIT 2;
SELECT group_concat(name) FROM (SELECT name FROM people ORDER BY age, name LIMIT 3);
`;
