#include "disk/stories.h"

#include "store/migrations.h"

namespace ptb::test {

namespace {

/// About `usual`; exactly that many as the stories are told usually.
class Amounts {
 public:
  explicit Amounts(unsigned seed) : seed_(seed), chance_(seed) {}
  int about(int usual) { return seed_ == 0 ? usual : usual / 2 + static_cast<int>(chance_() % (usual + 1)) + 1; }
  unsigned any() { return static_cast<unsigned>(chance_()); }

 private:
  unsigned seed_;
  std::mt19937 chance_;
};

void begin(Player& player, int events) {
  player.open();
  for (const char tool : {'a', 'b'}) player.install(tool);
  player.capture(events);
}

void switch_on(Player& player) {
  for (const char tool : {'a', 'b'}) player.save(tool, ToolState::available);
}

void one_act(Player& player, unsigned which) {
  constexpr EventState kEnds[] = {EventState::refused, EventState::parked, EventState::discarded,
                                  EventState::delivered};
  switch (which % 12) {
    case 0:
    case 1: player.capture(1); break;
    case 2: player.capture(5); break;
    case 3: player.capture(2, 3); break;
    case 4: player.walk(); break;
    case 5: player.walk(3, 2); break;
    case 6: player.walk(0, 2); break;
    case 7: player.settle_some(EventState::pending, kEnds[which / 12 % 4]); break;
    case 8: player.settle_some(EventState::parked, EventState::delivered); break;
    case 9: player.reclaim(6); break;
    case 10:
      player.save(which / 12 % 2 == 0 ? 'a' : 'b', which / 24 % 2 == 0 ? ToolState::available : ToolState::inactive);
      break;
    default: player.forget_some(); break;
  }
}

Story story(const char* name, std::function<void(Player&)> prepare, std::function<void(Player&)> play) {
  return {name, 0, 0, std::move(prepare), std::move(play)};
}

Story creating(Amounts& amounts) {
  const int first = amounts.about(2);
  const int second = amounts.about(2);
  return story(
      "a new store", [](Player&) {},
      [first, second](Player& player) {
        begin(player, first);
        player.capture(second, 2);
        player.close();
      });
}

Story capturing(Amounts& amounts) {
  const int before = amounts.about(8);
  const int many = amounts.about(12);
  const int each = amounts.about(3);
  return story(
      "capture", [before](Player& player) { begin(player, before); },
      [many, each](Player& player) {
        player.open();
        for (int i = 0; i < 4; ++i) player.capture(1);
        player.capture(many);
        player.capture(each, 4);
        player.capture(1);
        player.close();
      });
}

Story walking(Amounts& amounts) {
  const int before = amounts.about(30);
  const int answers = amounts.about(4);
  return story(
      "walk and settle", [before](Player& player) { begin(player, before); },
      [answers](Player& player) {
        player.open();
        switch_on(player);
        player.walk(answers);
        player.walk(answers + 1, 2);
        player.capture(4);
        player.walk(0, 3);
        player.walk();
        player.close();
      });
}

Story settling(Amounts& amounts) {
  const int before = amounts.about(24);
  return story(
      "refuse, park, unpark, discard", [before](Player& player) { begin(player, before); },
      [](Player& player) {
        player.open();
        for (int round = 0; round < 2; ++round)
          for (const EventState end :
               {EventState::refused, EventState::parked, EventState::discarded, EventState::delivered})
            player.settle_some(EventState::pending, end);
        player.settle_some(EventState::parked, EventState::delivered);
        player.settle_some(EventState::refused, EventState::delivered);
        switch_on(player);
        player.walk();
        player.close();
      });
}

Story reclaiming(Amounts& amounts) {
  const int before = amounts.about(36);
  const int pieces = amounts.about(7);
  return story(
      "reclaim in pieces",
      [before](Player& player) {
        begin(player, before);
        switch_on(player);
        player.settle_some(EventState::pending, EventState::refused);
        player.walk();
      },
      [pieces](Player& player) {
        player.open();
        for (int i = 0; i < 5; ++i) player.reclaim(pieces);
        player.capture(3);
        player.walk();
        for (int i = 0; i < 3; ++i) player.reclaim(pieces + 2);
        player.close();
      });
}

Story forgetting(Amounts& amounts) {
  const int before = amounts.about(28);
  const int later = amounts.about(3);
  return story(
      "forget",
      [before](Player& player) {
        begin(player, before);
        player.settle_some(EventState::pending, EventState::parked);
      },
      [later](Player& player) {
        player.open();
        player.forget_some();
        player.capture(later);
        player.forget_some();
        switch_on(player);
        player.walk();
        player.close();
      });
}

Story checkpointing(Amounts& amounts) {
  const int each = amounts.about(2);
  Story told = story(
      "the log goes into the file again and again", [](Player& player) { begin(player, 3); },
      [each](Player& player) {
        player.open();
        switch_on(player);
        for (int i = 0; i < 6; ++i) {
          player.capture(each);
          if (i % 2 == 1) player.walk(0, 2);
        }
        player.reclaim(9);
        player.close();
      });
  told.checkpoint_pages = 8;
  return told;
}

/// The process before this one had no time to close.
Story coming_after_a_crash(Amounts& amounts) {
  const int before = amounts.about(10);
  return story(
      "open after a crash",
      [before](Player& player) {
        begin(player, before);
        player.walk(1);
        player.abandon();
      },
      [](Player& player) {
        player.open();
        player.capture(2);
        player.walk();
        player.abandon();
      });
}

Story migrating(int schema) {
  Story told = story(
      "upgrade", [](Player&) {},
      [](Player& player) {
        player.open();
        player.capture(2);
        player.save('a', ToolState::available);
        player.walk();
        player.close();
      });
  told.name += " from schema " + std::to_string(schema);
  told.schema = schema;
  return told;
}

Story anything(Amounts& amounts, int which) {
  const unsigned first = amounts.any();
  Story told = story(
      "anything", [](Player& player) { begin(player, 9); },
      [first](Player& player) {
        player.open();
        switch_on(player);
        std::mt19937 chance(first);
        for (int i = 0; i < 14; ++i) one_act(player, static_cast<unsigned>(chance()));
        player.close();
      });
  told.name += " " + std::to_string(which);
  told.checkpoint_pages = which % 2 == 0 ? 0 : 16;
  return told;
}

}  // namespace

std::vector<Story> stories_of_the_disk(unsigned seed) {
  Amounts amounts(seed);
  std::vector<Story> told = {creating(amounts),      capturing(amounts),           walking(amounts),
                             settling(amounts),      reclaiming(amounts),          forgetting(amounts),
                             checkpointing(amounts), coming_after_a_crash(amounts)};
  for (int schema = 1; schema < newest_schema(); ++schema) told.push_back(migrating(schema));
  for (int which = 1; which <= 4; ++which) told.push_back(anything(amounts, which));
  return told;
}

}  // namespace ptb::test
