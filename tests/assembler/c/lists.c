/* Lists, trees and tables: pointers to structures, bit fields, unions, function pointers. */

typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;

struct node {
  struct node *next, *previous;
  int key;
  union {
    int number;
    float real;
    const char *text;
  } value;
  unsigned kind : 3;
  unsigned mark : 1;
  signed weight : 12;
};

struct tree {
  struct tree *left, *right;
  long long key;
  short height;
};

typedef int (*compare_fn)(const void *, const void *);
typedef void (*visit_fn)(struct node *, void *);

extern void *allocate(u32);
extern void release(void *);
extern int report(const char *, ...);

static struct node pool[16];
static struct node *free_list;
int node_count;
const char *const kind_names[8] = { "none", "number", "real", "text", "list", "tree", "file", "other" };

static void push(struct node **list, struct node *node) {
  node->next = *list;
  node->previous = 0;
  if (*list)
    (*list)->previous = node;
  *list = node;
}

void initialise(void) {
  for (int i = 15; i >= 0; i--) {
    pool[i].key = -1;
    pool[i].kind = i & 7;
    pool[i].weight = i - 8;
    push(&free_list, &pool[i]);
  }
  node_count = 0;
}

struct node *take(int key, u32 kind) {
  struct node *node = free_list;
  if (!node) {
    node = allocate(sizeof *node);
    if (!node)
      return 0;
  } else {
    free_list = node->next;
  }
  node->key = key;
  node->kind = kind;
  node->mark = 0;
  node_count++;
  return node;
}

void give(struct node *node) {
  if (node >= pool && node < pool + 16)
    push(&free_list, node);
  else
    release(node);
  node_count--;
}

void describe(const struct node *node) {
  switch (node->kind) {
  case 1:
    report("%s %d\n", kind_names[node->kind], node->value.number);
    break;
  case 2:
    report("%s %f\n", kind_names[node->kind], node->value.real);
    break;
  case 3:
    report("%s \"%s\"\n", kind_names[node->kind], node->value.text);
    break;
  case 4:
  case 5:
    report("%s\n", kind_names[node->kind]);
    break;
  default:
    report("? %d\n", node->weight * 3);
  }
}

void each(struct node *list, visit_fn visit, void *context) {
  for (struct node *next; list; list = next) {
    next = list->next;
    visit(list, context);
  }
}

static void add_weight(struct node *node, void *context) {
  *(long long *)context += node->weight;
}

long long total_weight(struct node *list) {
  long long total = 0;
  each(list, add_weight, &total);
  return total;
}

static int height(const struct tree *tree) { return tree ? tree->height : 0; }

static struct tree *rotate(struct tree *tree, int left) {
  struct tree *up = left ? tree->right : tree->left;
  if (left) {
    tree->right = up->left;
    up->left = tree;
  } else {
    tree->left = up->right;
    up->right = tree;
  }
  int a = height(tree->left), b = height(tree->right);
  tree->height = (a > b ? a : b) + 1;
  return up;
}

struct tree *insert(struct tree *tree, long long key) {
  if (!tree) {
    tree = allocate(sizeof *tree);
    tree->left = tree->right = 0;
    tree->key = key;
    tree->height = 1;
    return tree;
  }
  if (key < tree->key)
    tree->left = insert(tree->left, key);
  else if (key > tree->key)
    tree->right = insert(tree->right, key);
  int balance = height(tree->left) - height(tree->right);
  if (balance > 1)
    return rotate(tree, 0);
  if (balance < -1)
    return rotate(tree, 1);
  return tree;
}

void sort(void *base, u32 count, u32 size, compare_fn compare) {
  u8 *bytes = base;
  for (u32 i = 1; i < count; i++)
    for (u32 j = i; j > 0 && compare(bytes + (j - 1) * size, bytes + j * size) > 0; j--)
      for (u32 k = 0; k < size; k++) {
        u8 byte = bytes[(j - 1) * size + k];
        bytes[(j - 1) * size + k] = bytes[j * size + k];
        bytes[j * size + k] = byte;
      }
}

static int by_key(const void *a, const void *b) {
  const struct node *x = a, *y = b;
  return x->key < y->key ? -1 : x->key > y->key;
}

void sort_pool(void) { sort(pool, 16, sizeof pool[0], by_key); }

struct pair { int first, second; };
struct triple { double x, y, z; };

struct pair swap(struct pair pair) { return (struct pair){ pair.second, pair.first }; }

struct triple cross(struct triple a, struct triple b) {
  return (struct triple){ a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x };
}
