(** Programs of scalars as programs of vectors: each value once, what is not needed left out, what the
    formula needs first in front, and rows of the same vector as one matrix.

    How the program is found ([arranged]) needs no proof: [carries] says whether each vector of it has
    the components that it is said to have, by which it means the same ([obligation_of_ok]). *)
From Coq Require Import Reals QArith Qreals List Lra Lia Bool Arith.
From Certify Require Import Language Scalars Inline Merging.
Import ListNotations.
Local Open Scope R_scope.

(** A node, and which operations its components are. *)
Notation line := (node Q * list nat)%type.

(** ** Whether a program has the values that it is said to have *)

(** Nodes that depend on a choice, as operations. *)
Definition choosing_node (tab : table) (n : node Q) : option operation :=
  let one k := match nth k tab [] with [j] => Some j | _ => None end in
  let two f a b := match one a, one b with Some i, Some j => Some (f i j) | _, _ => None end in
  match n with
  | Step a => option_map OStep (one a)
  | Quotient g a b => two (OQuotient g) a b
  | Quotient2 g a b => two (OQuotient2 g) a b
  | _ => None
  end.

Section Carried.
Variables (ops : list operation) (c : list nat).       (* the operations in order, and where each is first *)
Definition known (j : nat) : bool := Nat.ltb j (length ops).
Definition means (o : operation) (j : nat) : bool := known j && alike c o (operation_at ops j).
Definition fits (tab : table) (l : line) : bool :=
  let (n, js) := l in
  match scalar_node tab n with
  | Some (inl os) => all2 means os js
  | Some (inr ks) => all2 (fun k j => known j && Nat.eqb (origin c k) (origin c j)) ks js
  | None =>
    match choosing_node tab n, js with
    | Some o, [j] => means o j
    | _, _ => false
    end
  end.
Fixpoint carries (tab : table) (p : list line) : option table :=
  match p with
  | [] => Some tab
  | l :: p => if fits tab l then carries (snd l :: tab) p else None
  end.

(** The formula, if the atom on the operation [j] is about the vector [place j]. *)
Fixpoint formula_at (tab : table) (place : nat -> nat) (f : goal_of) : option formula :=
  let atom g j := match nth (place j) tab [] with
    | [i] => if known j && Nat.eqb (origin c i) (origin c j) then Some (g (place j)) else None
    | _ => None
    end in
  let both g a b := match formula_at tab place a, formula_at tab place b with
    | Some a, Some b => Some (g a b)
    | _, _ => None
    end in
  match f with
  | GPositive j => atom Positive j | GNonnegative j => atom Nonnegative j | GDefined j => atom Defined j
  | GAnd a b => both And a b | GOr a b => both Or a b
  end.
End Carried.

Section Sound.
Variables (x : list R) (u : nat -> R) (p : list operation) (c : list nat).
Hypothesis Ord : ordered p = true.
Hypothesis M : merges (rev p) c = true.
Notation m := (values x u p).
Notation ops := (rev p).

Lemma known_ok j : known ops j = true -> (j < length p)%nat.
Proof. unfold known. rewrite rev_length. apply Nat.ltb_lt. Qed.
Lemma means_ok o j : below (length p) (arguments o) = true -> means ops c o j = true ->
  (j < length p)%nat /\ get m j = operate x (u j) m o.
Proof.
  intros B H. apply andb_prop in H; destruct H as [K A]. apply known_ok in K. split; auto.
  destruct (get_operate x u p Ord j K) as [E Bj]. rewrite E. symmetry. apply (alike_ok x u p c Ord M); auto.
  unfold below in *. rewrite forallb_forall in *. intros a I. specialize (Bj a I). rewrite Nat.ltb_lt in *. lia.
Qed.
Lemma means_all os : forall js, forallb settled os = true ->
  forallb (fun o => below (length p) (arguments o)) os = true -> all2 (means ops c) os js = true ->
  map (operate x 0 m) os = map (get m) js /\ forall j, In j js -> (j < length p)%nat.
Proof.
  induction os as [|o os IH]; intros [|j js] S B H; simpl in *; try discriminate; [split; [auto|intros ? []]|].
  apply andb_prop in S, B. destruct S as [S S'], B as [B B']. destruct (means _ _ o j) eqn:K; [|discriminate].
  destruct (IH js S' B' H) as [E L]. destruct (means_ok o j B K) as [J Ej].
  split; [|intros i [<-|I]; auto]. f_equal; auto. rewrite Ej. now apply operate_settled.
Qed.
Lemma same_all ks : forall js, (forall k, In k ks -> (k < length p)%nat) ->
  all2 (fun k j => known ops j && Nat.eqb (origin c k) (origin c j)) ks js = true ->
  map (get m) ks = map (get m) js /\ forall j, In j js -> (j < length p)%nat.
Proof.
  induction ks as [|k ks IH]; intros [|j js] L H; simpl in *; try discriminate; [split; [auto|intros ? []]|].
  destruct (_ && _) eqn:K; [|discriminate]. apply andb_prop in K; destruct K as [K E].
  apply known_ok in K. apply Nat.eqb_eq in E. destruct (IH js (fun i I => L i (or_intror I)) H) as [E' L'].
  split; [|intros i [<-|I]; auto]. f_equal; auto.
  destruct (origin_ok x u p c Ord M k (L k (or_introl eq_refl))) as [_ <-].
  destruct (origin_ok x u p c Ord M j K) as [_ <-]. now rewrite E.
Qed.

Lemma fits_ok t e tab n js : represents x u p e tab -> fits ops c tab (n, js) = true ->
  t 0%nat = u (hd 0%nat js) ->
  evaluate x t e n = map (get m) js /\ forall j, In j js -> (j < length p)%nat.
Proof.
  intros R H T. simpl in H. pose proof (scalar_node_ok x u t p e tab n R) as S.
  destruct (scalar_node tab n) as [[os|ks]|].
  - destruct S as [E [S B]]. rewrite E. now apply means_all.
  - destruct S as [E L]. rewrite E. now apply same_all.
  - clear S. destruct (choosing_node tab n) as [o|] eqn:C; [|discriminate].
    destruct js as [|j [|? ?]]; try discriminate. simpl in T.
    assert (One : forall k i, match nth k tab [] with [j] => Some j | _ => None end = Some i ->
      nth k e [] = [get m i] /\ (i < length p)%nat).
    { intros k i E. destruct (represents_nth x u p e tab k R) as [V L].
      destruct (nth k tab []) as [|a [|? ?]]; try discriminate. inversion E; subst. split; [exact V|]. apply L. now left. }
    assert (Fin : forall o', o = o' -> below (length p) (arguments o') = true -> evaluate x t e n = [operate x (t 0%nat) m o'] ->
      evaluate x t e n = map (get m) [j] /\ forall i, In i [j] -> (i < length p)%nat).
    { intros o' <- B E. destruct (means_ok o j B H) as [J Ej]. split; [|intros i [<-|[]]; auto].
      rewrite E. simpl. now rewrite T, Ej. }
    destruct n; simpl in C; try discriminate.
    + destruct (match nth a tab [] with [j] => Some j | _ => None end) as [i|] eqn:A; [|discriminate]. inversion C.
      destruct (One a i A) as [V L]. apply (Fin (OStep i)); auto.
      * unfold below. simpl. now rewrite (proj2 (Nat.ltb_lt _ _) L).
      * cbn [evaluate]. now rewrite V.
    + destruct (match nth s tab [] with [j] => Some j | _ => None end) as [i|] eqn:A; [|discriminate].
      destruct (match nth t0 tab [] with [j] => Some j | _ => None end) as [k|] eqn:B; [|discriminate]. inversion C.
      destruct (One s i A) as [V L], (One t0 k B) as [V' L']. apply (Fin (OQuotient g i k)); auto.
      * unfold below. simpl. now rewrite (proj2 (Nat.ltb_lt _ _) L), (proj2 (Nat.ltb_lt _ _) L').
      * cbn [evaluate]. now rewrite V, V'.
    + destruct (match nth s tab [] with [j] => Some j | _ => None end) as [i|] eqn:A; [|discriminate].
      destruct (match nth t0 tab [] with [j] => Some j | _ => None end) as [k|] eqn:B; [|discriminate]. inversion C.
      destruct (One s i A) as [V L], (One t0 k B) as [V' L']. apply (Fin (OQuotient2 g i k)); auto.
      * unfold below. simpl. now rewrite (proj2 (Nat.ltb_lt _ _) L), (proj2 (Nat.ltb_lt _ _) L').
      * cbn [evaluate]. now rewrite V, V'.
Qed.

Lemma carries_ok t l : forall e tab tab', represents x u p e tab -> carries ops c tab l = Some tab' ->
  (forall k n js, nth_error l k = Some (n, js) -> t (length e + k)%nat 0%nat = u (hd 0%nat js)) ->
  represents x u p (run x t (map fst l) e) tab'.
Proof.
  induction l as [|[n js] l IH]; intros e tab tab' R H T; cbn [carries] in H.
  - inversion H; subst. exact R.
  - destruct (fits ops c tab (n, js)) eqn:F; [|discriminate]. cbn [map run fst snd] in *.
    destruct (fits_ok (t (length e)) e tab n js R F) as [E L].
    { specialize (T 0%nat n js eq_refl). now rewrite Nat.add_0_r in T. }
    apply (IH _ (js :: tab)); auto.
    + constructor; auto.
    + intros k n' js' N. simpl length. replace (S (length e) + k)%nat with (length e + S k)%nat by lia. now apply (T (S k)) with n'.
Qed.

Lemma formula_at_ok e tab place f : forall g, represents x u p e tab -> formula_at ops c tab place f = Some g ->
  truth e g -> satisfied m f.
Proof.
  assert (A : forall (F : nat -> formula) j g, represents x u p e tab ->
    match nth (place j) tab [] with
    | [i] => if known ops j && Nat.eqb (origin c i) (origin c j) then Some (F (place j)) else None
    | _ => None
    end = Some g -> g = F (place j) /\ nth (place j) e [] = [get m j]).
  { intros F j g R H. destruct (represents_nth x u p e tab (place j) R) as [V L].
    destruct (nth (place j) tab []) as [|i [|? ?]]; try discriminate.
    destruct (_ && _) eqn:K; [|discriminate]. apply andb_prop in K; destruct K as [K E].
    inversion H; split; auto. rewrite V. simpl. f_equal. apply known_ok in K. apply Nat.eqb_eq in E.
    destruct (origin_ok x u p c Ord M i (L i (or_introl eq_refl))) as [_ <-].
    destruct (origin_ok x u p c Ord M j K) as [_ <-]. now rewrite E. }
  induction f; cbn [formula_at satisfied]; intros g R H T.
  - destruct (A _ _ _ R H) as [-> E]. simpl in T. rewrite E in T. destruct T as [v [V P]]. inversion V. eauto.
  - destruct (A _ _ _ R H) as [-> E]. simpl in T. rewrite E in T. destruct T as [v [V P]]. inversion V. eauto.
  - destruct (A _ _ _ R H) as [-> E]. simpl in T. rewrite E in T. destruct T as [v V]. inversion V. eauto.
  - destruct (formula_at _ _ _ _ f1) as [g1|]; [|discriminate]. destruct (formula_at _ _ _ _ f2) as [g2|]; [|discriminate].
    inversion H; subst. destruct T. split; eauto.
  - destruct (formula_at _ _ _ _ f1) as [g1|]; [|discriminate]. destruct (formula_at _ _ _ _ f2) as [g2|]; [|discriminate].
    inversion H; subst. destruct T; [left|right]; eauto.
Qed.
End Sound.

(** ** Which operations are needed, and how soon *)

Definition sooner (r : nat) (s : option nat) : option nat :=
  match s with Some q => Some (Nat.min q r) | None => Some r end.
(** Number [k] of a list, which is as long as need be. *)
Fixpoint need (k r : nat) (l : list (option nat)) : list (option nat) :=
  match k, l with
  | O, [] => [Some r]
  | O, s :: l => sooner r s :: l
  | S k, [] => None :: need k r []
  | S k, s :: l => s :: need k r l
  end.
(** An alternative to one atom is tried after it, in the next round; [n] operations, the newest first. *)
Definition after (r : nat) (a : goal_of) : nat := match a with GAnd _ _ | GOr _ _ => r | _ => S r end.
Fixpoint needed_for (n : nat) (c : list nat) (r : nat) (f : goal_of) (l : list (option nat)) : list (option nat) :=
  match f with
  | GPositive j | GNonnegative j | GDefined j => need (n - S (origin c j)) r l
  | GAnd a b => needed_for n c r b (needed_for n c r a l)
  | GOr a b => needed_for n c (after r a) b (needed_for n c r a l)
  end.
(** The operations that the atoms of round [r] are on, where the formula comes in round [k]. *)
Fixpoint asked_in (r k : nat) (f : goal_of) : list nat :=
  match f with
  | GPositive j | GNonnegative j | GDefined j => if Nat.eqb k r then [j] else []
  | GAnd a b => asked_in r k a ++ asked_in r k b
  | GOr a b => asked_in r k a ++ asked_in r (after k a) b
  end.
(** The round of each operation, the oldest first; [p] has the newest first. *)
Fixpoint rounds (c : list nat) (p : list operation) (l done : list (option nat)) : list (option nat) :=
  match p with
  | [] => done
  | o :: p =>
    let s := hd None l in
    let n := length p in
    let l := match s with
      | Some r => fold_right (fun a => need (n - S (origin c a)) r) (tl l) (arguments o)
      | None => tl l
      end in
    rounds c p l (s :: done)
  end.

(** ** The program *)

(** Where an operation is: a vector, by its number, and a component of it, if it is not alone. *)
Record layout := Layout
  { lines : list line; count : nat;                    (* the newest first *)
    located : list (nat * (nat * option nat));
    stacked : list (list nat * nat) }.                 (* vectors of several components *)

Fixpoint look {A} (j : nat) (l : list (nat * A)) : option A :=
  match l with [] => None | (k, a) :: l => if Nat.eqb j k then Some a else look j l end.
Fixpoint look_list {A} (js : list nat) (l : list (list nat * A)) : option A :=
  match l with [] => None | (ks, a) :: l => if all2 Nat.eqb js ks then Some a else look_list js l end.
Definition back (s : layout) (k : nat) : nat := count s - S k.
Definition added (n : node Q) (js : list nat) (s : layout) : layout :=
  let k := count s in
  match js with
  | [j] => Layout ((n, js) :: lines s) (S k) ((j, (k, None)) :: located s) (stacked s)
  | _ => Layout ((n, js) :: lines s) (S k) (mapi (fun i j => (j, (k, Some i))) js ++ located s) ((js, k) :: stacked s)
  end.
(** A vector of what there is. *)
Definition stack (s : layout) (js : list nat) (ks : list nat) : layout :=
  Layout ((Stack (map (back s) ks), js) :: lines s) (S (count s)) (located s) ((js, count s) :: stacked s).

(** Operations as vectors of one component. *)
Definition fetch (s : layout) (j : nat) : layout * nat :=
  match look j (located s) with
  | Some (k, Some i) => (added (Index (back s k) i) [j] s, count s)
  | Some (k, None) => (s, k)
  | None => (s, O)
  end.
Fixpoint fetches (s : layout) (js : list nat) : layout * list nat :=
  match js with
  | [] => (s, [])
  | j :: js => let (s, k) := fetch s j in let (s, ks) := fetches s js in (s, k :: ks)
  end.

Definition is_new (s : layout) (j : nat) : bool := match look j (located s) with None => true | _ => false end.
(** Of operations that come next, [todo], those that are rows of the same vector: those that come at once, as
    the components of a layer do, or all. *)
Fixpoint rows_of (all : bool) (s : layout) (args : list nat) (todo : list (nat * operation))
  : list (nat * (list Q * Q)) :=
  match todo with
  | [] => []
  | (j, o) :: todo =>
    match o with
    | ORow row a b =>
      if all2 Nat.eqb args a && is_new s j then (j, (row, b)) :: rows_of all s args todo
      else if all then rows_of all s args todo else []
    | _ => if all then rows_of all s args todo else []
    end
  end.
(** Those that are [g] of the components [ks], if there is one for each. *)
Fixpoint call_of (g : fn) (k : nat) (todo : list (nat * operation)) : option nat :=
  match todo with
  | [] => None
  | (j, OCall h a) :: todo => if Nat.eqb a k && same_fn g h then Some j else call_of g k todo
  | _ :: todo => call_of g k todo
  end.
Definition calls_of (s : layout) (g : fn) (ks : list nat) (todo : list (nat * operation)) : option (list nat) :=
  match all_some (map (fun k => call_of g k todo) ks) with
  | Some js => if forallb (is_new s) js then Some js else None
  | None => None
  end.

Definition node_of (b : nat -> nat) (o : operation) : node Q :=
  match o with
  | OConst q => Const q | OVar i => Var i | ONeg a => Neg (b a)
  | OAdd x y => Add (b x) (b y) | OSub x y => Sub (b x) (b y) | OMul x y => Mul (b x) (b y)
  | OMax x y => Max (b x) (b y) | OCall g a => Call g (b a) | OStep a => Step (b a)
  | OSelect x y z => Select (b x) (b y) (b z)
  | OQuotient g x y => Quotient g (b x) (b y) | OQuotient2 g x y => Quotient2 g (b x) (b y)
  | OIncrement g x y => Increment g (b x) (b y)
  | ORow row args bias => Affine [(row, bias)] (b (hd O args))
  end.
(** An operation by itself; rows are not. *)
Definition single (s : layout) (j : nat) (o : operation) : layout :=
  let (s, ks) := fetches s (arguments o) in
  let place a := match look a (combine (arguments o) ks) with Some k => back s k | None => O end in
  added (node_of place o) [j] s.
(** The operation [j], and with it what [todo] has of its kind. *)
Definition arrange_one (s : layout) (j : nat) (o : operation) (todo : list (nat * operation)) : layout :=
  if negb (is_new s j) then s else
  match o with
  | ORow row args bias =>
    let (s, k) := match args, look_list args (stacked s) with
      | [a], _ => fetch s a
      | _, Some k => (s, k)
      | _, None => let (s, ks) := fetches s args in (stack s args ks, count s)
      end in
    let next := rows_of false s args todo in
    let rows := (j, (row, bias)) :: match next with [] => rows_of true s args todo | _ => next end in
    added (Affine (map snd rows) (back s k)) (map fst rows) s
  | OCall g a =>
    match look a (located s) with
    | Some (k, Some _) =>
      match calls_of s g (snd (nth (back s k) (lines s) (Stack [], []))) ((j, o) :: todo) with
      | Some js => added (Call g (back s k)) js s
      | None => single s j o
      end
    | _ => single s j o
    end
  | _ => single s j o
  end.
Fixpoint arrange (s : layout) (todo : list (nat * operation)) : layout :=
  match todo with [] => s | (j, o) :: todo => arrange (arrange_one s j o todo) todo end.

(** The operations of one round, each of them in the terms of others that are first of their kind. *)
Fixpoint due (r j : nat) (c : list nat) (ops : list operation) (l : list (option nat)) : list (nat * operation) :=
  match ops, l with
  | o :: ops, s :: l =>
    let others := due r (S j) c ops l in
    match s with
    | Some q => if Nat.eqb q r && Nat.eqb (origin c j) j then (j, renamed (origin c) o) :: others else others
    | None => others
    end
  | _, _ => []
  end.
Definition last_round (l : list (option nat)) : nat :=
  fold_right (fun s m => match s with Some r => Nat.max r m | None => m end) O l.
Definition arranged (c : list nat) (p : list operation) (f : goal_of) : layout :=
  let l := rounds c p (needed_for (length p) c 0 f []) [] in
  let round s r := fst (fetches (arrange s (due r 0 c (rev p) l)) (map (origin c) (asked_in r 0 f))) in
  fold_left round (seq 0 (S (last_round l))) (Layout [] 0 [] []).

(** ** As obligations *)

(** What a point does not satisfy. *)
Definition impossible (o : scalar_obligation) : obligation := Obligation (region o) [] (Positive 0).
Definition obligation_of (o : scalar_obligation) : obligation :=
  let p := operations o in
  let ops := rev p in
  let c := firsts 0 ops [] [] in
  let s := arranged c p (wanted o) in
  let place j := match look (origin c j) (located s) with Some (k, _) => back s k | None => O end in
  let l := rev (lines s) in
  if merges ops c then
    match carries ops c [] l with
    | Some tab =>
      match formula_at ops c tab place (wanted o) with
      | Some f => Obligation (region o) (map fst l) f
      | None => impossible o
      end
    | None => impossible o
    end
  else impossible o.
(** Whether operations refer to earlier ones, and the formula to operations. *)
Definition proper_obligation (o : scalar_obligation) : bool :=
  ordered (operations o) && below (length (operations o)) (atoms (wanted o)).

(** What an obligation says of the values at a point, for every choice. *)
Definition true_at (x : list R) (o : obligation) : Prop := forall t, proper t -> truth (run x t (program o) []) (goal o).
Lemma region_of o : box (obligation_of o) = region o.
Proof.
  unfold obligation_of. destruct (merges _ _); [|reflexivity]. destruct (carries _ _ _ _); [|reflexivity].
  now destruct (formula_at _ _ _ _ _).
Qed.
Theorem obligation_at x o : proper_obligation o = true -> true_at x (obligation_of o) -> forall u, (forall k, 0 <= u k <= 1) ->
  satisfied (values x u (operations o)) (wanted o).
Proof.
  unfold proper_obligation. intros P H u U. apply andb_prop in P; destruct P as [P _].
  assert (I : true_at x (impossible o) -> satisfied (values x u (operations o)) (wanted o)).
  { intros K. exfalso. destruct (K (fun _ _ => 0)) as [v [V _]]; [intros ? ?; lra|discriminate]. }
  unfold obligation_of in H. cbv zeta in H. set (c := firsts _ _ _ _) in *. set (s := arranged _ _ _) in *.
  destruct (merges (rev (operations o)) c) eqn:M; [|now apply I].
  destruct (carries _ _ _ _) as [tab|] eqn:C; [|now apply I].
  destruct (formula_at _ _ _ _ _) as [f|] eqn:F; [|now apply I].
  set (l := rev (lines s)) in *.
  set (t := fun k (_ : nat) => u (hd 0%nat (snd (nth k l (Stack [], []))))).
  specialize (H t (fun k i => U _)). cbn [program goal] in H.
  refine (formula_at_ok x u (operations o) c P M (run x t (map fst l) []) tab _ _ f _ F H).
  apply (carries_ok x u (operations o) c P M t l [] [] tab); auto; [constructor|].
  intros k n js N. simpl. unfold t. now rewrite (nth_error_nth _ _ _ N).
Qed.
Theorem obligation_of_ok o : proper_obligation o = true -> holds (obligation_of o) ->
  forall x, in_box (region o) x -> forall u, (forall k, 0 <= u k <= 1) ->
  satisfied (values x u (operations o)) (wanted o).
Proof. intros P H x X. apply obligation_at; auto. intros t T. apply H; auto. now rewrite region_of. Qed.
