// What the precompiled headers belong to.
int main() {}
