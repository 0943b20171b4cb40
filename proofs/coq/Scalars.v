(** Programs of scalars: what obligations made from a claim are written in, and how they become
    obligations of [Language.v].

    An operation refers to earlier ones by their numbers, 0 being the oldest; the list has the newest
    first.  In the program that it becomes, operation [j] is node number [2 j + 1], after the vector
    that its row of weights is applied to. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Bool Arith.
From Certify Require Import Language.
Import ListNotations.
Local Open Scope R_scope.

Inductive operation :=
| OConst (q : Q) | OVar (i : nat)
| ONeg (a : nat) | OAdd (a b : nat) | OSub (a b : nat) | OMul (a b : nat) | OMax (a b : nat)
| OCall (g : fn) (a : nat) | OStep (a : nat) | OSelect (a b c : nat)
| OQuotient (g : fn) (s t : nat) | OQuotient2 (g : fn) (s t : nat) | OIncrement (g : fn) (s d : nat)
| ORow (row : list Q) (args : list nat) (bias : Q).   (* row . args + bias *)

(** Value number [j] of those computed so far. *)
Definition get (m : list scalar) (j : nat) : scalar := nth j (rev m) None.

(** [x]: the variables; [u]: the choice of this operation; [m]: the values before it. *)
Definition operate (x : list R) (u : R) (m : list scalar) (o : operation) : scalar :=
  match o with
  | OConst q => Some (Q2R q)
  | OVar i => nth_error x i
  | ONeg a => lift1 (fun v => Some (- v)) (get m a)
  | OAdd a b => lift2 (fun v w => Some (v + w)) (get m a) (get m b)
  | OSub a b => lift2 (fun v w => Some (v - w)) (get m a) (get m b)
  | OMul a b => lift2 (fun v w => Some (v * w)) (get m a) (get m b)
  | OMax a b => lift2 (fun v w => Some (Rmax v w)) (get m a) (get m b)
  | OCall g a => lift1 (call g) (get m a)
  | OStep a => lift1 (fun v => Some (step u v)) (get m a)
  | OSelect a b c => select (get m a) (get m b) (get m c)
  | OQuotient g a b => lift2 (quotient u g) (get m a) (get m b)
  | OQuotient2 g a b => lift2 (quotient2 u g) (get m a) (get m b)
  | OIncrement g a b => lift2 (increment g) (get m a) (get m b)
  | ORow row args bias => dot row (map (get m) args) (Q2R bias)
  end.

Fixpoint values (x : list R) (u : nat -> R) (p : list operation) : list scalar :=
  match p with
  | [] => []
  | o :: p' => let m := values x u p' in operate x (u (length p')) m o :: m
  end.

(** The arguments of an operation. *)
Definition arguments (o : operation) : list nat :=
  match o with
  | OConst _ | OVar _ => []
  | ONeg a | OCall _ a | OStep a => [a]
  | OAdd a b | OSub a b | OMul a b | OMax a b | OQuotient _ a b | OQuotient2 _ a b
  | OIncrement _ a b => [a; b]
  | OSelect a b c => [a; b; c]
  | ORow _ args _ => args
  end.
Definition below (n : nat) (l : list nat) : bool := forallb (fun a => Nat.ltb a n) l.
Fixpoint ordered (p : list operation) : bool :=
  match p with [] => true | o :: p' => below (length p') (arguments o) && ordered p' end.

Lemma values_length x u p : length (values x u p) = length p.
Proof. induction p; simpl; auto. Qed.
Lemma get_old v m j : (j < length m)%nat -> get (v :: m) j = get m j.
Proof. intros L. unfold get. simpl. apply app_nth1. now rewrite rev_length. Qed.
Lemma get_new v m : get (v :: m) (length m) = v.
Proof. unfold get. simpl. rewrite app_nth2; rewrite rev_length; [|lia]. now rewrite Nat.sub_diag. Qed.
Lemma get_app m' m j : (j < length m)%nat -> get (m' ++ m) j = get m j.
Proof. intros L. induction m'; simpl; auto. rewrite get_old; auto. rewrite app_length. lia. Qed.
Lemma below_ok n l a : below n l = true -> In a l -> (a < n)%nat.
Proof. unfold below. rewrite forallb_forall. intros H I. apply Nat.ltb_lt. now apply H. Qed.

(** ** Formulas over the values *)

Inductive goal_of :=
| GPositive (j : nat) | GNonnegative (j : nat) | GDefined (j : nat)
| GAnd (a b : goal_of) | GOr (a b : goal_of).
Fixpoint satisfied (m : list scalar) (f : goal_of) : Prop :=
  match f with
  | GPositive j => exists v, get m j = Some v /\ 0 < v
  | GNonnegative j => exists v, get m j = Some v /\ 0 <= v
  | GDefined j => exists v, get m j = Some v
  | GAnd a b => satisfied m a /\ satisfied m b
  | GOr a b => satisfied m a \/ satisfied m b
  end.
Fixpoint atoms (f : goal_of) : list nat :=
  match f with
  | GPositive j | GNonnegative j | GDefined j => [j]
  | GAnd a b | GOr a b => atoms a ++ atoms b
  end.

Record scalar_obligation := ScalarObligation
  { region : list (Q * Q); operations : list operation; wanted : goal_of }.

(** ** What is needed

    Operations that the formula does not come to are replaced by constants; the numbers stay. *)
Definition also (a : nat) (l : list nat) : list nat := if existsb (Nat.eqb a) l then l else a :: l.
Fixpoint needed_of (needed : list nat) (p : list operation) : list operation :=
  match p with
  | [] => []
  | o :: p' =>
    if existsb (Nat.eqb (length p')) needed
    then o :: needed_of (fold_right also (filter (fun k => negb (Nat.eqb k (length p'))) needed) (arguments o)) p'
    else OConst 0 :: needed_of needed p'
  end.

Lemma operate_same x u m m' o : (forall a, In a (arguments o) -> get m a = get m' a) ->
  operate x u m o = operate x u m' o.
Proof.
  intros G. destruct o; simpl in *; rewrite ?G by tauto; auto. f_equal. now apply map_ext_in.
Qed.
Lemma also_ok a b l : In b (also a l) <-> b = a \/ In b l.
Proof.
  unfold also. destruct (existsb (Nat.eqb a) l) eqn:E; simpl; [|intuition].
  apply existsb_exists in E. destruct E as [c [C Q]]. apply Nat.eqb_eq in Q. subst c. intuition. now subst.
Qed.
Lemma also_all l : forall m b, In b (fold_right also m l) <-> In b l \/ In b m.
Proof. induction l as [|a l IH]; intros m b; simpl; [intuition|]. rewrite also_ok, IH. intuition. Qed.
Lemma needed_length p : forall needed, length (needed_of needed p) = length p.
Proof. induction p; intros; simpl; auto. destruct (existsb _ _); simpl; auto. Qed.
Lemma needed_ordered p : forall needed, ordered p = true -> ordered (needed_of needed p) = true.
Proof.
  induction p as [|o p IH]; intros needed H; simpl in *; auto. apply andb_prop in H; destruct H as [H1 H2].
  destruct (existsb _ _); simpl; rewrite IH, ?needed_length by auto; auto. now rewrite H1.
Qed.
Lemma needed_ok x u p : forall needed, ordered p = true -> forall k, In k needed -> (k < length p)%nat ->
  get (values x u (needed_of needed p)) k = get (values x u p) k.
Proof.
  induction p as [|o p IH]; intros needed O k K L; [simpl in L; lia|].
  simpl in O. apply andb_prop in O; destruct O as [O1 O2]. simpl needed_of.
  destruct (existsb (Nat.eqb (length p)) needed) eqn:E; cbn [values].
  - set (more := fold_right also _ _). pose proof (values_length x u (needed_of more p)) as Lq. rewrite needed_length in Lq.
    destruct (Nat.eq_dec k (length p)) as [->|N].
    + assert (G : forall v m, length m = length p -> get (v :: m) (length p) = v) by (intros v m <-; apply get_new).
      rewrite !G, needed_length by (rewrite ?Lq, ?values_length; auto).
      apply operate_same. intros a A. apply IH; auto; [|now apply (below_ok _ (arguments o))].
      unfold more. apply also_all. now left.
    + simpl in L. rewrite !get_old by (rewrite ?Lq, ?values_length; lia). apply IH; auto; [|lia].
      unfold more. apply also_all. right. apply filter_In. split; auto.
      apply negb_true_iff. now apply Nat.eqb_neq.
  - assert (N : k <> length p).
    { intros ->. assert (existsb (Nat.eqb (length p)) needed = true); [|congruence].
      apply existsb_exists. exists (length p). split; auto. apply Nat.eqb_refl. }
    simpl in L. rewrite !get_old by (rewrite values_length, ?needed_length; lia). apply IH; auto. lia.
Qed.
Lemma satisfied_same m m' f : (forall k, In k (atoms f) -> get m k = get m' k) -> satisfied m f -> satisfied m' f.
Proof.
  induction f; simpl; intros G H; rewrite <- ?G by tauto; auto.
  - destruct H. split; [apply IHf1|apply IHf2]; auto; intros; apply G, in_or_app; auto.
  - destruct H; [left; apply IHf1|right; apply IHf2]; auto; intros; apply G, in_or_app; auto.
Qed.

(** ** As obligations *)

(** Operation [j], counted back from operation [n]. *)
Definition back (n j : nat) : nat := 2 * (n - S j).
Definition first_node (n : nat) (o : operation) : node Q :=
  Stack (match o with ORow _ args _ => map (back n) args | _ => [] end).
Definition second_node (n : nat) (o : operation) : node Q :=
  let b j := S (back n j) in
  match o with
  | OConst q => Const q | OVar i => Var i | ONeg a => Neg (b a)
  | OAdd x y => Add (b x) (b y) | OSub x y => Sub (b x) (b y) | OMul x y => Mul (b x) (b y)
  | OMax x y => Max (b x) (b y) | OCall g a => Call g (b a) | OStep a => Step (b a)
  | OSelect x y z => Select (b x) (b y) (b z)
  | OQuotient g x y => Quotient g (b x) (b y) | OQuotient2 g x y => Quotient2 g (b x) (b y)
  | OIncrement g x y => Increment g (b x) (b y)
  | ORow row _ bias => Affine [(row, bias)] 0
  end.
Fixpoint nodes (p : list operation) : list (node Q) :=
  match p with
  | [] => []
  | o :: p' => nodes p' ++ [first_node (length p') o; second_node (length p') o]
  end.
Fixpoint formula_of (n : nat) (f : goal_of) : formula :=
  match f with
  | GPositive j => Positive (back n j) | GNonnegative j => Nonnegative (back n j)
  | GDefined j => Defined (back n j)
  | GAnd a b => And (formula_of n a) (formula_of n b) | GOr a b => Or (formula_of n a) (formula_of n b)
  end.
Definition obligation_of (o : scalar_obligation) : obligation :=
  Obligation (region o) (nodes (needed_of (atoms (wanted o)) (operations o)))
    (formula_of (length (operations o)) (wanted o)).
(** Whether operations refer to earlier ones, and the formula to operations. *)
Definition proper_obligation (o : scalar_obligation) : bool :=
  ordered (operations o) && below (length (operations o)) (atoms (wanted o)).

(** Environments of [run] that hold the values [m]. *)
Inductive holds_values : list scalar -> list vector -> Prop :=
| no_values : holds_values [] []
| one_more v m a e : holds_values m e -> holds_values (v :: m) ([v] :: a :: e).

Lemma holds_length m e : holds_values m e -> length e = (2 * length m)%nat.
Proof. induction 1; simpl; lia. Qed.
Lemma holds_nth m e j : holds_values m e -> (j < length m)%nat -> nth (back (length m) j) e [] = [get m j].
Proof.
  unfold back. induction 1 as [|v m a e H IH]; intros L; simpl in L; [lia|].
  destruct (Nat.eq_dec j (length m)) as [->|N].
  - cbn [length]. rewrite Nat.sub_diag. simpl. f_equal. now rewrite get_new.
  - rewrite get_old by lia. cbn [length]. replace (2 * (S (length m) - S j))%nat
      with (S (S (2 * (length m - S j)))) by lia. simpl nth. apply IH. lia.
Qed.

Lemma second_node_ok x t m e o : holds_values m e -> below (length m) (arguments o) = true ->
  evaluate x t (map (fun k => hd None (nth k e []))
    (match o with ORow _ args _ => map (back (length m)) args | _ => [] end) :: e)
    (second_node (length m) o) = [operate x (t O) m o].
Proof.
  intros H B.
  assert (A : forall j a, In j (arguments o) -> nth (S (back (length m) j)) (a :: e) [] = [get m j])
    by (intros j a I; simpl; apply holds_nth; auto; now apply (below_ok _ (arguments o))).
  destruct o; unfold second_node, evaluate, operate; cbn [arguments] in *;
    rewrite ?A by (simpl; tauto); auto.
  cbn [map fst snd nth]. f_equal. f_equal. rewrite map_map. apply map_ext_in. intros j I.
  specialize (A j [] I). simpl in A. now rewrite A.
Qed.

Lemma nodes_ok x t u p : (forall k, t (2 * k + 1)%nat O = u k) -> ordered p = true ->
  holds_values (values x u p) (run x t (nodes p) []).
Proof.
  intros T. induction p as [|o p IH]; intros O; simpl in O |- *; [constructor|].
  apply andb_prop in O; destruct O as [O1 O2]. specialize (IH O2).
  assert (R : forall q q' e, run x t (q ++ q') e = run x t q' (run x t q e))
    by (induction q; intros; simpl; auto).
  rewrite R. cbn [run]. pose proof (holds_length _ _ IH) as Le. rewrite values_length in Le.
  set (e := run x t (nodes p) []) in *. cbn [length]. rewrite Le.
  replace (t (S (2 * length p))) with (t (2 * length p + 1)%nat) by (f_equal; lia).
  rewrite <- (values_length x u p) in O1.
  pose proof (second_node_ok x (t (2 * length p + 1)%nat) _ _ o IH O1) as S.
  rewrite values_length, T in S.
  unfold first_node. cbn [evaluate]. rewrite S. now constructor.
Qed.
Lemma formula_ok m e f : holds_values m e -> below (length m) (atoms f) = true ->
  truth e (formula_of (length m) f) -> satisfied m f.
Proof.
  intros H. induction f; simpl; intros B T.
  1-3: unfold below in B; simpl in B; rewrite andb_true_r in B; apply Nat.ltb_lt in B;
    rewrite (holds_nth m e j H B) in T; destruct T as [v T].
  - destruct T as [E P]. inversion E. eauto.
  - destruct T as [E P]. inversion E. eauto.
  - inversion T. eauto.
  - unfold below in B. rewrite forallb_app in B. apply andb_prop in B. destruct B, T. split; auto.
  - unfold below in B. rewrite forallb_app in B. apply andb_prop in B. destruct B, T; auto.
Qed.

(** What an obligation says of the values, for every choice. *)
Theorem obligation_of_ok o : proper_obligation o = true -> holds (obligation_of o) ->
  forall x, in_box (region o) x -> forall u, (forall k, 0 <= u k <= 1) ->
  satisfied (values x u (operations o)) (wanted o).
Proof.
  unfold proper_obligation. intros P H x X u U. apply andb_prop in P; destruct P as [P1 P2].
  set (t := fun k (_ : nat) => u (Nat.div2 k)).
  assert (T : forall k, t (2 * k + 1)%nat O = u k).
  { intros k. unfold t. now rewrite Nat.add_1_r, Nat.div2_succ_double. }
  specialize (H x X t (fun k i => U _)). cbn [program goal obligation_of] in H.
  set (q := needed_of (atoms (wanted o)) (operations o)) in H.
  assert (Lq : length (operations o) = length (values x u q)) by (unfold q; now rewrite values_length, needed_length).
  rewrite Lq in H. apply (formula_ok _ (run x t (nodes q) [])) in H.
  - apply (satisfied_same (values x u q)); auto. intros k K. apply needed_ok; auto. now apply (below_ok _ _ k P2).
  - apply nodes_ok; auto. now apply needed_ordered.
  - now rewrite <- Lq.
Qed.

(** ** Writing programs *)

Definition put (o : operation) (p : list operation) : list operation * nat := (o :: p, length p).
(** Several operations, of which none needs another. *)
Fixpoint puts (l : list operation) (p : list operation) : list operation * list nat :=
  match l with
  | [] => (p, [])
  | o :: l' => let (p', js) := puts l' (o :: p) in (p', length p :: js)
  end.

Definition extends (p p' : list operation) : Prop := exists q, p' = q ++ p.
Lemma extends_refl p : extends p p. Proof. now exists []. Qed.
Lemma extends_trans p q r : extends p q -> extends q r -> extends p r.
Proof. intros [a ->] [b ->]. exists (b ++ a). now rewrite app_assoc. Qed.
Lemma extends_put o p : extends p (o :: p). Proof. now exists [o]. Qed.
Lemma extends_length p p' : extends p p' -> (length p <= length p')%nat.
Proof. intros [q ->]. rewrite app_length. lia. Qed.
Lemma values_app x u q p : exists m, values x u (q ++ p) = m ++ values x u p.
Proof.
  induction q as [|o q [m IH]]; simpl; [now exists []|]. rewrite IH. eexists (_ :: m). reflexivity.
Qed.
Lemma get_extends x u p p' j : extends p p' -> (j < length p)%nat ->
  get (values x u p') j = get (values x u p) j.
Proof.
  intros [q ->] L. destruct (values_app x u q p) as [m ->]. apply get_app. now rewrite values_length.
Qed.
Lemma operate_more x u m m' o : below (length m) (arguments o) = true ->
  operate x u (m' ++ m) o = operate x u m o.
Proof.
  intros B. assert (G : forall j, In j (arguments o) -> get (m' ++ m) j = get m j)
    by (intros j I; apply get_app; now apply (below_ok _ (arguments o))).
  destruct o; simpl in *; rewrite ?G by tauto; auto.
  f_equal. now apply map_ext_in.
Qed.
(** No operation that depends on a choice. *)
Definition settled (o : operation) : bool :=
  match o with OStep _ | OQuotient _ _ _ | OQuotient2 _ _ _ => false | _ => true end.
Lemma operate_settled x u u' m o : settled o = true -> operate x u m o = operate x u' m o.
Proof. destruct o; simpl; intros; auto; discriminate. Qed.
Lemma puts_ok x u u0 l : forall p p' js, puts l p = (p', js) ->
  forallb settled l = true -> forallb (fun o => below (length p) (arguments o)) l = true ->
  extends p p' /\ length js = length l /\ (forall j, In j js -> (j < length p')%nat) /\
  map (get (values x u p')) js = map (operate x u0 (values x u p)) l.
Proof.
  induction l as [|o l IH]; intros p p' js E S B; simpl in *.
  - inversion E; subst. split; [apply extends_refl|]. split; auto. split; [intros ? []|]. reflexivity.
  - destruct (puts l (o :: p)) as [p1 js1] eqn:E1. inversion E; subst; clear E.
    apply andb_prop in S; destruct S as [S1 S2]. apply andb_prop in B; destruct B as [B1 B2].
    assert (B3 : forallb (fun o => below (length (o :: p)) (arguments o)) l = true).
    { rewrite forallb_forall in *. intros q Q. specialize (B2 q Q). unfold below in *.
      rewrite forallb_forall in *. intros a A. specialize (B2 a A). rewrite Nat.ltb_lt in *. simpl. lia. }
    assert (B4 : forallb (fun q => below (length (o :: p)) (arguments q)) l = true) by exact B3.
    destruct (IH _ _ _ E1 S2 B4) as [X [L [I V]]]. 
    pose proof (extends_length _ _ X) as Lx. simpl in Lx.
    split; [eapply extends_trans; [apply extends_put|exact X]|].
    split; [simpl; lia|]. split; [intros j [<-|J]; [lia|now apply I]|].
    simpl. f_equal.
    + rewrite (get_extends x u _ _ (length p) X) by (simpl; lia). simpl.
      rewrite <- (values_length x u p). rewrite get_new. now apply operate_settled.
    + rewrite V. apply map_ext_in. intros q Q. rewrite forallb_forall in B2.
      apply (operate_more x u0 (values x u p) [operate x (u (length p)) (values x u p) o] q).
      rewrite values_length. now apply B2.
Qed.
